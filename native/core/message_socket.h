// Connections between processes of one machine, over which whole messages travel, with file descriptors
// beside them: unix sockets of type SOCK_SEQPACKET. Nothing here waits.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fd.h"

namespace bpf_lsm {

// Who is at the other end, as the kernel noted when it connected (SO_PEERCRED, in this process's namespaces).
struct Peer {
  pid_t pid;
  uid_t uid;
  gid_t gid;
};

struct Message {
  std::vector<std::byte> bytes;
  std::vector<UniqueFd> descriptors;
};

enum class Waiting { kNothing, kMessage, kTooLarge, kEnd };

class MessageSocket {
 public:
  // What a message may hold at most. A larger one is not sent.
  static constexpr size_t kMostBytes = 16 << 10;
  static constexpr size_t kMostDescriptors = 4;

  // Listens at a path where nothing is yet; `mode` decides who may connect.
  static MessageSocket listen(const std::string& path, mode_t mode, int backlog);
  static MessageSocket connect(const std::string& path);

  // Readable when there is something to accept or to receive.
  int fd() const { return fd_.get(); }

  // The next who has connected to a listening socket; nothing when nobody waits.
  std::optional<MessageSocket> accept() const;
  Peer peer() const;

  // False when the other end is slow to read, and the message was not sent. Throws EPIPE when it is gone.
  bool send(std::span<const std::byte> bytes, int descriptor = -1) const;

  // Receives the next message into `message`, if one waits; of one that is too large, what there was room
  // for. Whatever came, `message` has its descriptors.
  Waiting receive(Message& message) const;

 private:
  explicit MessageSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace bpf_lsm
