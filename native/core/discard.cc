#include "discard.h"

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>
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

}  // namespace

void discard(std::vector<UniqueFd> descriptors, uid_t sender) {
  if (descriptors.empty()) return;
  static std::once_flag once;
  std::call_once(once, stay_loaded);
  // Made here, so that a thread that cannot be started leaves them closed all the same.
  auto owned = std::make_shared<std::vector<UniqueFd>>(std::move(descriptors));
  Account::get().add(sender);
  try {
    std::thread([owned, sender]() mutable {
      owned->clear();
      Account::get().remove(sender);
    }).detach();
  } catch (const std::system_error&) {
    Account::get().remove(sender);
  }
}

size_t discarding(uid_t sender) {
  return Account::get().of(sender);
}

}  // namespace bpf_lsm
