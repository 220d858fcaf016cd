// Work on the thread pool that settles a promise.
#pragma once

#include <napi.h>

#include <optional>
#include <utility>

#include "errors.h"

namespace bpf_lsm {

// Subclasses say what runs on the pool thread (work, no JavaScript) and what happens on the JavaScript thread
// afterwards, whatever the outcome (finish).
class PromiseWorker : public Napi::AsyncWorker {
 public:
  // Deletes itself when done.
  Napi::Promise start() {
    Queue();
    return deferred_.Promise();
  }

 protected:
  PromiseWorker(Napi::Env env, const char* name) : AsyncWorker(env, name), deferred_(env) {}

  virtual void work() = 0;
  virtual void finish() {}

 private:
  void Execute() final {
    try {
      work();
    } catch (Error& error) {
      error_ = std::move(error);
    }
  }

  void OnOK() final {
    finish();
    if (error_) {
      deferred_.Reject(to_js(Env(), *error_));
    } else {
      deferred_.Resolve(Env().Undefined());
    }
  }

  void OnError(const Napi::Error& error) final {
    finish();
    deferred_.Reject(error.Value());
  }

  Napi::Promise::Deferred deferred_;
  std::optional<Error> error_;
};

}  // namespace bpf_lsm
