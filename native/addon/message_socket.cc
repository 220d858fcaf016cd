#include "../core/message_socket.h"

#include "../core/cgroup_id.h"
#include "../core/discard.h"
#include "../core/pin.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

constexpr uint64_t kMostBacklog = 4096;
constexpr uint64_t kMostMode = 0777;
constexpr uint64_t kMostDescriptor = std::numeric_limits<int>::max();

Napi::Value make(const Napi::CallbackInfo& info, MessageSocket socket, const Napi::Value& on_readable) {
  if (!on_readable.IsFunction()) refuse("onReadable", "a function");
  auto handle = std::make_shared<MessageSocketHandle>(std::move(socket));
  handle->poller = std::make_unique<Poller>(info.Env(), handle->socket.fd(), PollFor::kReadable,
                                            on_readable.As<Napi::Function>());
  return Handle<MessageSocketHandle>::make(info.Env(), std::move(handle));
}

const MessageSocketHandle& socket_of(const Napi::CallbackInfo& info) {
  return *Handle<MessageSocketHandle>::of(info[0]);
}

// (path, mode, backlog, onReadable)
Napi::Value listen(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0], "path");
  const auto mode = static_cast<mode_t>(integer(info[1], "mode", kMostMode));
  const int backlog = static_cast<int>(integer(info[2], "backlog", kMostBacklog));
  return make(info, MessageSocket::listen(path, mode, backlog), info[3]);
}

// (path, onReadable)
Napi::Value connect(const Napi::CallbackInfo& info) {
  return make(info, MessageSocket::connect(text(info[0], "path")), info[1]);
}

// (listening socket, onReadable) => socket, or null when nobody waits
Napi::Value accept(const Napi::CallbackInfo& info) {
  auto socket = socket_of(info).socket.accept();
  return socket ? make(info, std::move(*socket), info[1]) : info.Env().Null();
}

Napi::Value describe_peer(const Napi::CallbackInfo& info) {
  const Peer peer = socket_of(info).socket.peer();
  auto result = Napi::Object::New(info.Env());
  result.Set("pid", peer.pid);
  result.Set("uid", peer.uid);
  result.Set("gid", peer.gid);
  return result;
}

// A link's descriptor, or one that Node opened, by its number.
int descriptor_of(const Napi::Value& value) {
  if (value.IsNull()) return -1;
  if (value.IsNumber()) return static_cast<int>(integer(value, "descriptor", kMostDescriptor));
  return Handle<LinkHandle>::of(value)->fd.get();
}

// (socket, bytes, descriptor: number, link or null) => whether it was sent
Napi::Value send(const Napi::CallbackInfo& info) {
  const auto content = bytes(info[1], "bytes");
  return Napi::Boolean::New(info.Env(), socket_of(info).socket.send(content, descriptor_of(info[2])));
}

// What is kept of the descriptors that came with a message.
class Unpacked {
 public:
  explicit Unpacked(Napi::Env env) : links_(Napi::Array::New(env)), cgroups_(Napi::Array::New(env)) {}

  void link(UniqueFd fd) {
    auto link = std::make_shared<LinkHandle>(std::move(fd));
    links_.Set(links_.Length(), Handle<LinkHandle>::make(links_.Env(), std::move(link)));
  }
  void cgroup(uint64_t id) { cgroups_.Set(cgroups_.Length(), Napi::BigInt::New(cgroups_.Env(), id)); }
  void other(UniqueFd fd) { others_.push_back(std::move(fd)); }

  // Closes what nobody wants.
  void put_into(Napi::Object result, uid_t sender) {
    result.Set("links", links_);
    result.Set("cgroups", cgroups_);
    result.Set("others", static_cast<double>(others_.size()));
    discard(std::move(others_), sender);
  }

 private:
  Napi::Array links_, cgroups_;
  std::vector<UniqueFd> others_;
};

// (socket, device: bigint or null) => { bytes, links, cgroups, others }, or null when nothing waits, or
// undefined at the end. With the device of the cgroup hierarchy, cgroups are looked for among the
// descriptors, else links.
Napi::Value receive(const Napi::CallbackInfo& info) {
  const auto handle = Handle<MessageSocketHandle>::of(info[0]);
  const bool wants_cgroups = !info[1].IsNull();
  const uint64_t device = wants_cgroups ? u64(info[1], "device") : 0;
  Message message;
  switch (handle->socket.receive(message)) {
    case Waiting::kNothing:
      return info.Env().Null();
    case Waiting::kEnd:
      return info.Env().Undefined();
    case Waiting::kMessage:
      break;
  }
  Unpacked unpacked(info.Env());
  for (UniqueFd& fd : message.descriptors) {
    if (wants_cgroups) {
      // A directory of the cgroup file system, whose closing takes no time.
      if (const auto id = cgroup_id(fd.get(), device)) {
        unpacked.cgroup(*id);
        continue;
      }
    } else if (is_link(fd.get())) {
      unpacked.link(std::move(fd));
      continue;
    }
    unpacked.other(std::move(fd));
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("bytes", Napi::Buffer<std::byte>::Copy(info.Env(), message.bytes.data(), message.bytes.size()));
  unpacked.put_into(result, handle->socket.peer().uid);
  return result;
}

// (socket) => how many threads still close what the other end's user has sent
Napi::Value count_discarding(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(discarding(socket_of(info).socket.peer().uid)));
}

// (mount point, id) => path of the cgroup, or null
Napi::Value path_by_id(const Napi::CallbackInfo& info) {
  const auto path = cgroup_path(text(info[0], "mountPoint"), u64(info[1], "id"));
  return path ? Napi::String::New(info.Env(), *path) : info.Env().Null();
}

Napi::Value arm(const Napi::CallbackInfo& info) {
  socket_of(info).poller->arm();
  return info.Env().Undefined();
}

Napi::Value ref(const Napi::CallbackInfo& info) {
  socket_of(info).poller->ref(flag(info[1], "keepAlive"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<MessageSocketHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_message_socket(Napi::Object exports) {
  export_function<listen>(exports, "messageListen");
  export_function<connect>(exports, "messageConnect");
  export_function<accept>(exports, "messageAccept");
  export_function<describe_peer>(exports, "messagePeer");
  export_function<send>(exports, "messageSend");
  export_function<receive>(exports, "messageReceive");
  export_function<count_discarding>(exports, "messageDiscarding");
  export_function<path_by_id>(exports, "cgroupPathById");
  export_function<arm>(exports, "messageArm");
  export_function<ref>(exports, "messageRef");
  export_function<close>(exports, "messageClose");
}

}  // namespace bpf_lsm
