// Waiting for a file descriptor on the event loop of the environment. The only use of libuv.
#pragma once

#include <napi.h>

#include <memory>

namespace bpf_lsm {

enum class PollFor { kReadable, kWritable };

// Calls a JavaScript function once, when the descriptor turns ready, each time it is armed. Keeps the
// process alive while armed, unless unref'ed.
//
// libuv frees a handle's memory only in its close callback, which must run before the addon can be unloaded
// with its worker. So the state looks after itself: it is held by an asynchronous cleanup hook of the
// environment, and released in the close callback.
class Poller {
 public:
  Poller(Napi::Env env, int fd, PollFor what, Napi::Function on_ready);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void arm();
  void disarm();
  void ref(bool keep_alive);

 private:
  struct State;
  State* state_;
};

}  // namespace bpf_lsm
