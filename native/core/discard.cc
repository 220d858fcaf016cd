#include "discard.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <system_error>
#include <thread>

namespace bpf_lsm {

namespace {

class Account {
 public:
  // Never destroyed: a thread may outlive everything else.
  static Account& get() {
    static auto* account = new Account();
    return *account;
  }

  void add(uid_t sender) {
    const std::lock_guard lock(mutex_);
    threads_[sender]++;
  }

  void remove(uid_t sender) {
    const std::lock_guard lock(mutex_);
    if (--threads_[sender] == 0) threads_.erase(sender);
  }

  size_t of(uid_t sender) {
    const std::lock_guard lock(mutex_);
    const auto found = threads_.find(sender);
    return found == threads_.end() ? 0 : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<uid_t, size_t> threads_;
};

// The code of the threads must stay where it is, also when the worker that loaded the addon ends.
void stay_loaded() {
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

// Until close(2) has taken the number out of the table, which it does before it waits for anybody (fs/file.c
// file_close_fd()). The number may be another file's by then, so there is an end to it: a tenth of a second.
void wait_until_gone(int fd) {
  constexpr int kYields = 100;
  constexpr int kNaps = 1000;
  for (int tries = 0; tries < kYields + kNaps && fcntl(fd, F_GETFD) != -1; tries++) {
    if (tries < kYields)
      sched_yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void discard_one(UniqueFd descriptor, uid_t sender) {
  const int number = descriptor.get();
  // Made here, so that a thread that cannot be started leaves it closed all the same.
  auto owned = std::make_shared<UniqueFd>(std::move(descriptor));
  auto closing = std::make_shared<std::binary_semaphore>(0);
  Account::get().add(sender);
  try {
    std::thread([owned, closing, sender]() mutable {
      closing->release();
      owned->reset();
      Account::get().remove(sender);
    }).detach();
  } catch (const std::system_error&) {
    Account::get().remove(sender);
    return;
  }
  closing->acquire();
  wait_until_gone(number);
}

}  // namespace

void discard(std::vector<UniqueFd> descriptors, uid_t sender) {
  if (descriptors.empty()) return;
  static std::once_flag once;
  std::call_once(once, stay_loaded);
  for (UniqueFd& descriptor : descriptors) discard_one(std::move(descriptor), sender);
}

size_t discarding(uid_t sender) {
  return Account::get().of(sender);
}

}  // namespace bpf_lsm
