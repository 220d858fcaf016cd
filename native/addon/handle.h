// JavaScript objects that own something of the core.
//
// The handles of each kind are known by their addresses, so that a handle of another kind, or an object of
// another addon, is refused instead of being reinterpreted; looking there costs a tenth of what Node-API's
// type tags cost, on the way of every map element. close() lets the content go at once; the garbage collector
// and the end of the environment do it at last.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "../core/error.h"

namespace bpf_lsm {

// Each handle type states the noun for messages.
template <typename T>
struct HandleKind;

template <typename T>
class Handle {
 public:
  static Napi::Object make(Napi::Env env, std::shared_ptr<T> content) {
    Napi::Object object = Napi::Object::New(env);
    auto slot = std::make_unique<std::shared_ptr<T>>(std::move(content));
    const napi_status status = napi_wrap(env, object, slot.get(), drop, nullptr, nullptr);
    if (status != napi_ok) throw Napi::Error::New(env);
    living().insert(slot.release());  // the wrap owns it now
    return object;
  }

  static const std::shared_ptr<T>& of(const Napi::Value& value) {
    const std::shared_ptr<T>& content = slot(value);
    if (!content) throw Error(codes::kClosed, "the " + std::string(HandleKind<T>::kNoun) + " is closed");
    return content;
  }

  // Takes the content out; empty when it was closed before.
  static std::shared_ptr<T> close(const Napi::Value& value) { return std::move(slot(value)); }

 private:
  // Those of this thread: an environment never leaves its thread, and finalizers run there too.
  static std::unordered_set<const void*>& living() {
    thread_local std::unordered_set<const void*> slots;
    return slots;
  }

  static std::shared_ptr<T>& slot(const Napi::Value& value) {
    void* content = nullptr;
    // What another addon has wrapped comes out as well.
    const napi_status status = napi_unwrap(value.Env(), value, &content);
    if (status != napi_ok || !living().contains(content)) {
      throw Error(codes::kArgument, "expected a " + std::string(HandleKind<T>::kNoun));
    }
    return *static_cast<std::shared_ptr<T>*>(content);
  }

  static void drop(node_api_nogc_env, void* content, void*) {
    living().erase(content);
    delete static_cast<std::shared_ptr<T>*>(content);
  }
};

}  // namespace bpf_lsm
