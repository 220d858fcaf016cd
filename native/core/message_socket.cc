#include "message_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace bpf_lsm {

namespace {

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;
};

Address address_of(const std::string& path) {
  Address address;
  if (path.empty() || path.size() >= sizeof(address.name.sun_path)) {
    throw Error(codes::kArgument, "a socket's path must have 1 to " +
                                      std::to_string(sizeof(address.name.sun_path) - 1) + " bytes: " + path)
        .with_path(path);
  }
  address.name.sun_family = AF_UNIX;
  std::memcpy(address.name.sun_path, path.c_str(), path.size() + 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

UniqueFd make_socket() {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) throw Error(errno, "socket", "cannot make a unix socket");
  return fd;
}

// Room for the descriptors of one message, aligned as the kernel's header wants it.
struct alignas(cmsghdr) Control {
  std::array<std::byte, CMSG_SPACE(MessageSocket::kMostDescriptors * sizeof(int))> bytes{};
};

std::vector<UniqueFd> descriptors_in(msghdr& header) {
  std::vector<UniqueFd> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

}  // namespace

MessageSocket MessageSocket::listen(const std::string& path, mode_t mode, int backlog) {
  const Address address = address_of(path);
  UniqueFd fd = make_socket();
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), address.size) < 0)
    throw Error(errno, "bind", "cannot listen at " + path).with_path(path);
  // Nobody can connect before listen(), so nobody connects by a mode that is not the wanted one. A link that
  // somebody puts in the place of the socket meanwhile is not followed.
  if (fchmodat(AT_FDCWD, path.c_str(), mode, AT_SYMLINK_NOFOLLOW) < 0 || ::listen(fd.get(), backlog) < 0) {
    const int err = errno;
    unlink(path.c_str());
    throw Error(err, "listen", "cannot listen at " + path).with_path(path);
  }
  return MessageSocket(std::move(fd));
}

MessageSocket MessageSocket::connect(const std::string& path) {
  const Address address = address_of(path);
  UniqueFd fd = make_socket();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), address.size) < 0)
    throw Error(errno, "connect", "cannot connect to " + path).with_path(path);
  return MessageSocket(std::move(fd));
}

std::optional<MessageSocket> MessageSocket::accept() const {
  UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd.valid()) return MessageSocket(std::move(fd));
  // One that has gone again before it was accepted is no error of this end's.
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR) return std::nullopt;
  throw Error(errno, "accept4", "cannot accept a connection");
}

Peer MessageSocket::peer() const {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
    throw Error(errno, "getsockopt(SO_PEERCRED)", "cannot tell who is connected");
  return {credentials.pid, credentials.uid, credentials.gid};
}

bool MessageSocket::send(std::span<const std::byte> bytes, int descriptor) const {
  if (bytes.empty() || bytes.size() > kMostBytes)
    throw Error(codes::kArgument, "a message must have 1 to " + std::to_string(kMostBytes) + " bytes");
  iovec content{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &content;
  header.msg_iovlen = 1;
  Control control;
  if (descriptor >= 0) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof(descriptor));
  }
  ssize_t sent = sendmsg(fd_.get(), &header, MSG_NOSIGNAL);
  if (sent < 0 && errno == ECONNRESET)
    sent = sendmsg(fd_.get(), &header, MSG_NOSIGNAL);  // told once, see receive()
  if (sent >= 0) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  throw Error(errno, "sendmsg", "cannot send a message");
}

Waiting MessageSocket::receive(Message& message) const {
  message.bytes.resize(kMostBytes);
  message.descriptors.clear();
  iovec content{.iov_base = message.bytes.data(), .iov_len = message.bytes.size()};
  Control control;
  msghdr header{};
  header.msg_iov = &content;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t size = recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC);
  // Told once, before what still waits, when the other end closed without having read everything
  // (net/unix/af_unix.c unix_release_sock()).
  if (size < 0 && errno == ECONNRESET) size = recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC);
  if (size < 0) {
    message.bytes.clear();
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Waiting::kNothing;
    throw Error(errno, "recvmsg", "cannot receive a message");
  }
  message.bytes.resize(static_cast<size_t>(size));
  message.descriptors = descriptors_in(header);
  if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) return Waiting::kTooLarge;
  // Messages have at least one byte, so none is the end.
  return size == 0 ? Waiting::kEnd : Waiting::kMessage;
}

}  // namespace bpf_lsm
