#include "../core/message_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "expect.h"

using bpf_lsm::Message;
using bpf_lsm::MessageSocket;
using bpf_lsm::UniqueFd;
using bpf_lsm::Waiting;
using bpf_lsm::testing::Case;

namespace {

// A new directory for a socket, removed at the end.
struct Place {
  std::string directory = "/tmp/bpf-lsm-socket-XXXXXX";
  std::string path;
  Place() {
    EXPECT(mkdtemp(directory.data()) != nullptr);
    path = directory + "/socket";
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    unlink(path.c_str());
    rmdir(directory.c_str());
  }
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(const Message& message) {
  return {reinterpret_cast<const char*>(message.bytes.data()), message.bytes.size()};
}

// Both ends of a connection.
struct Pair {
  Place place;
  MessageSocket listener = MessageSocket::listen(place.path, 0600, 8);
  MessageSocket client = MessageSocket::connect(place.path);
  MessageSocket server = listener.accept().value();
};

const Case whole("messages travel whole and in order, and the end is told", [] {
  Pair pair;
  EXPECT(!pair.listener.accept());
  EXPECT(pair.client.send(bytes_of("one")));
  EXPECT(pair.client.send(bytes_of("two, longer")));
  Message message;
  EXPECT(pair.server.receive(message) == Waiting::kMessage);
  EXPECT(text_of(message) == "one");
  EXPECT(pair.server.receive(message) == Waiting::kMessage);
  EXPECT(text_of(message) == "two, longer");
  EXPECT(pair.server.receive(message) == Waiting::kNothing);
  pair.client = MessageSocket::connect(pair.place.path);
  EXPECT(pair.server.receive(message) == Waiting::kEnd);
  EXPECT_ERROR(pair.server.send(bytes_of("late")), "EPIPE");
});

const Case farewell("what was sent before the end arrives, also when the other end left requests unread", [] {
  Pair pair;
  EXPECT(pair.client.send(bytes_of("a request that nobody reads")));
  EXPECT(pair.server.send(bytes_of("farewell")));
  pair.server = MessageSocket::connect(pair.place.path);
  Message message;
  EXPECT(pair.client.receive(message) == Waiting::kMessage);
  EXPECT(text_of(message) == "farewell");
  EXPECT(pair.client.receive(message) == Waiting::kEnd);
});

const Case reset("an end that left requests unread is gone, like any other", [] {
  Pair pair;
  EXPECT(pair.client.send(bytes_of("a request that nobody reads")));
  pair.server = MessageSocket::connect(pair.place.path);
  EXPECT_ERROR(pair.client.send(bytes_of("late")), "EPIPE");
});

const Case credentials("the peer is the process that connected", [] {
  const Pair pair;
  EXPECT(pair.server.peer().pid == getpid());
  EXPECT(pair.server.peer().uid == getuid());
  EXPECT(pair.server.peer().gid == getgid());
});

const Case mode("only those whom the mode lets can connect", [] {
  const Pair pair;
  struct stat status {};
  EXPECT(stat(pair.place.path.c_str(), &status) == 0);
  EXPECT((status.st_mode & 07777) == 0600);
});

const Case passed("a descriptor is passed, closed on exec", [] {
  Pair pair;
  int ends[2];
  EXPECT(pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  EXPECT(pair.client.send(bytes_of("take this"), in.get()));
  in.reset();
  Message message;
  EXPECT(pair.server.receive(message) == Waiting::kMessage);
  EXPECT(message.descriptors.size() == 1);
  EXPECT(fcntl(message.descriptors[0].get(), F_GETFD) == FD_CLOEXEC);
  EXPECT(write(message.descriptors[0].get(), "x", 1) == 1);
  char byte = 0;
  EXPECT(read(out.get(), &byte, 1) == 1 && byte == 'x');
});

const Case hostile("a message with too many descriptors or bytes is told, and leaves no descriptor", [] {
  Pair pair;
  const int before = fcntl(0, F_DUPFD, 3);
  close(before);
  // As only somebody without this library would send it.
  std::array<int, 16> many{};
  many.fill(0);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(many))> control{};
  char one = 'x';
  iovec content{.iov_base = &one, .iov_len = 1};
  msghdr header{};
  header.msg_iov = &content;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(many));
  std::memcpy(CMSG_DATA(part), many.data(), sizeof(many));
  EXPECT(sendmsg(pair.client.fd(), &header, 0) == 1);
  Message message;
  EXPECT(pair.server.receive(message) == Waiting::kTooLarge);
  EXPECT(message.descriptors.size() <= MessageSocket::kMostDescriptors);

  const std::string long_text(MessageSocket::kMostBytes + 1, 'x');
  EXPECT_ERROR(pair.client.send(bytes_of(long_text)), "ERR_BPF_ARGUMENT");
  EXPECT(send(pair.client.fd(), long_text.data(), long_text.size(), 0) > 0);
  EXPECT(pair.server.receive(message) == Waiting::kTooLarge);
  EXPECT(message.descriptors.empty());

  const int after = fcntl(0, F_DUPFD, 3);
  close(after);
  EXPECT(before == after);
});

const Case slow("a peer that does not read is told apart from one that is gone", [] {
  const Pair pair;
  int sent = 0;
  while (pair.client.send(bytes_of("again"))) sent++;
  EXPECT(sent > 0);
});

const Case taken("a path that is taken, too long or not there is refused", [] {
  const Pair pair;
  EXPECT_ERROR(MessageSocket::listen(pair.place.path, 0600, 8), "EADDRINUSE");
  EXPECT_ERROR(MessageSocket::listen(std::string(200, 'x'), 0600, 8), "ERR_BPF_ARGUMENT");
  EXPECT_ERROR(MessageSocket::listen("", 0600, 8), "ERR_BPF_ARGUMENT");
  EXPECT_ERROR(MessageSocket::connect(pair.place.path + "-other"), "ENOENT");
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
