// Owners of what the kernel counts: file descriptors and mappings.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "error.h"

namespace bpf_lsm {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  // A second descriptor for the same kernel object, close-on-exec like every descriptor we hold.
  static UniqueFd duplicate(int fd) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw Error(errno, "fcntl(F_DUPFD_CLOEXEC)", "cannot duplicate a file descriptor");
    return UniqueFd(copy);
  }

  int get() const { return fd_; }
  // Gives the descriptor away, to be closed by somebody else.
  int release() { return std::exchange(fd_, -1); }
  bool valid() const { return fd_ >= 0; }

  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// What an open file is called in this process, whatever name it has or had.
inline std::string proc_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

class Mapping {
 public:
  Mapping() = default;
  Mapping(void* address, size_t size) : address_(address), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address_) munmap(address_, size_);
  }

  // Maps `size` bytes of `fd`; on failure the mapping is empty and errno says why.
  static Mapping of(int fd, size_t size, int protection, off_t offset = 0) {
    void* address = mmap(nullptr, size, protection, MAP_SHARED, fd, offset);
    return address == MAP_FAILED ? Mapping() : Mapping(address, size);
  }

  explicit operator bool() const { return address_ != nullptr; }
  std::byte* data() const { return static_cast<std::byte*>(address_); }
  size_t size() const { return size_; }

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

}  // namespace bpf_lsm
