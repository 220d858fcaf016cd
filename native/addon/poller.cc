#include "poller.h"

#include <uv.h>

#include "../core/error.h"

namespace bpf_lsm {

struct Poller::State {
  uv_poll_t handle{};
  napi_env env = nullptr;
  napi_async_cleanup_hook_handle hook = nullptr;
  int events = 0;
  Napi::FunctionReference on_ready;
  std::unique_ptr<Napi::AsyncContext> context;
  Poller* owner = nullptr;
  bool closing = false;

  static State& of(uv_poll_t* handle) { return *static_cast<State*>(handle->data); }

  void drop_references() noexcept {
    try {
      context.reset();
      on_ready.Reset();
    } catch (const Napi::Error&) {
      // The environment is gone, and its references with it.
    }
  }

  void close() noexcept {
    if (closing) return;
    closing = true;
    if (owner) owner->state_ = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      State* state = static_cast<State*>(closed->data);
      napi_remove_async_cleanup_hook(state->hook);
      delete state;
    });
  }

  static void on_environment_end(napi_async_cleanup_hook_handle, void* data) {
    State* state = static_cast<State*>(data);
    // References into the dying environment cannot be deleted later than this.
    state->drop_references();
    state->close();
  }

  static void on_event(uv_poll_t* handle, int, int) {
    State& state = of(handle);
    uv_poll_stop(handle);
    const Napi::Env env(state.env);
    const Napi::HandleScope scope(env);
    // MakeCallback, not Call: promise jobs and nextTicks run after it as after any other event.
    try {
      state.on_ready.MakeCallback(Napi::Object::New(env), {}, *state.context);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    }
  }
};

Poller::Poller(Napi::Env env, int fd, PollFor what, Napi::Function on_ready) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  auto state = std::make_unique<State>();
  state->env = env;
  state->owner = this;
  state->events = what == PollFor::kReadable ? UV_READABLE : UV_WRITABLE;
  const int result = uv_poll_init(loop, &state->handle, fd);
  if (result < 0) throw Error(-result, "uv_poll_init", "cannot wait for the descriptor");
  state_ = state.release();
  state_->handle.data = state_;
  state_->on_ready = Napi::Persistent(on_ready);
  state_->context = std::make_unique<Napi::AsyncContext>(env, "bpf-lsm:buffer");
  napi_add_async_cleanup_hook(env, State::on_environment_end, state_, &state_->hook);
}

Poller::~Poller() {
  if (!state_) return;
  state_->owner = nullptr;
  state_->drop_references();
  state_->close();
}

void Poller::arm() {
  if (!state_) return;
  const int result = uv_poll_start(&state_->handle, state_->events, State::on_event);
  if (result < 0) throw Error(-result, "uv_poll_start", "cannot wait for the descriptor");
}

void Poller::disarm() {
  if (state_) uv_poll_stop(&state_->handle);
}

void Poller::ref(bool keep_alive) {
  if (!state_) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&state_->handle);
  if (keep_alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

}  // namespace bpf_lsm
