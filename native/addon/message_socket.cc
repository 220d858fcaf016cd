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

Napi::Function on_readable(const Napi::Value& value) {
  if (!value.IsFunction()) refuse("onReadable", "a function");
  return value.As<Napi::Function>();
}

Napi::Value make(Napi::Env env, MessageSocket socket, const Napi::Function& on_readable) {
  auto handle = std::make_shared<MessageSocketHandle>(std::move(socket));
  handle->poller = std::make_unique<Poller>(env, handle->socket.fd(), PollFor::kReadable, on_readable);
  return Handle<MessageSocketHandle>::make(env, std::move(handle));
}

const MessageSocketHandle& socket_of(const Napi::CallbackInfo& info) {
  return *Handle<MessageSocketHandle>::of(info[0]);
}

// (path, mode, backlog, onReadable)
Napi::Value listen(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0], "path");
  const auto mode = static_cast<mode_t>(integer(info[1], "mode", kMostMode));
  const int backlog = static_cast<int>(integer(info[2], "backlog", kMostBacklog));
  const Napi::Function callback = on_readable(info[3]);
  return make(info.Env(), MessageSocket::listen(path, mode, backlog), callback);
}

// (path, onReadable)
Napi::Value connect(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0], "path");
  const Napi::Function callback = on_readable(info[1]);
  return make(info.Env(), MessageSocket::connect(path), callback);
}

// (listening socket, onReadable) => socket, or null when nobody waits
Napi::Value accept(const Napi::CallbackInfo& info) {
  const MessageSocketHandle& listening = socket_of(info);
  const Napi::Function callback = on_readable(info[1]);
  auto socket = listening.socket.accept();
  return socket ? make(info.Env(), std::move(*socket), callback) : info.Env().Null();
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
  if (value.IsNumber()) return static_cast<int>(integer(value, "descriptor", kMostDescriptor));
  return Handle<LinkHandle>::of(value)->fd.get();
}

// (socket, bytes) => whether it was sent
Napi::Value send(const Napi::CallbackInfo& info) {
  const MessageSocketHandle& handle = socket_of(info);
  return Napi::Boolean::New(info.Env(), handle.socket.send(bytes(info[1], "bytes")));
}

// (socket, bytes, descriptor: number or link) => whether it was sent
Napi::Value send_with(const Napi::CallbackInfo& info) {
  const MessageSocketHandle& handle = socket_of(info);
  const auto content = bytes(info[1], "bytes");
  return Napi::Boolean::New(info.Env(), handle.socket.send(content, descriptor_of(info[2])));
}

// Takes the cgroups out of descriptors, and gives their ids. The directory of a cgroup closes in no time.
Napi::Array take_cgroups(Napi::Env env, std::vector<UniqueFd>& descriptors, uint64_t device) {
  auto ids = Napi::Array::New(env);
  std::erase_if(descriptors, [&](const UniqueFd& fd) {
    const auto id = cgroup_id(fd.get(), device);
    if (id) ids.Set(ids.Length(), Napi::BigInt::New(env, *id));
    return id.has_value();
  });
  return ids;
}

Napi::Array take_links(Napi::Env env, std::vector<UniqueFd>& descriptors) {
  auto links = Napi::Array::New(env);
  std::erase_if(descriptors, [&](UniqueFd& fd) {
    if (!is_link(fd.get())) return false;
    auto link = std::make_shared<LinkHandle>(std::move(fd));
    links.Set(links.Length(), Handle<LinkHandle>::make(env, std::move(link)));
    return true;
  });
  return links;
}

Napi::Value value_of(Napi::Env env, Waiting waiting, Message& message, uint64_t device) {
  if (waiting == Waiting::kNothing) return env.Null();
  if (waiting == Waiting::kEnd) return env.Undefined();
  const bool wants_cgroups = device != 0;
  auto result = Napi::Object::New(env);
  result.Set("bytes", Napi::Buffer<std::byte>::Copy(env, message.bytes.data(), message.bytes.size()));
  result.Set("cgroups",
             wants_cgroups ? take_cgroups(env, message.descriptors, device) : Napi::Array::New(env));
  result.Set("links", wants_cgroups ? Napi::Array::New(env) : take_links(env, message.descriptors));
  result.Set("others", static_cast<double>(message.descriptors.size()));
  result.Set("whole", waiting == Waiting::kMessage);
  return result;
}

// (socket, device or 0n) => { bytes, cgroups, links, others, whole }, or null when nothing waits, or
// undefined at the end. With the device of the cgroup hierarchy, cgroups are looked for among the
// descriptors, else links.
Napi::Value receive(const Napi::CallbackInfo& info) {
  const MessageSocketHandle& handle = socket_of(info);
  const uint64_t device = u64(info[1], "device");
  Message message;
  const Waiting waiting = handle.socket.receive(message);
  const Napi::Value value = value_of(info.Env(), waiting, message, device);
  // Also those of a message that is none.
  discard(std::move(message.descriptors), handle.socket.peer().uid);
  return value;
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
  export_function<send_with>(exports, "messageSendWith");
  export_function<receive>(exports, "messageReceive");
  export_function<count_discarding>(exports, "messageDiscarding");
  export_function<path_by_id>(exports, "cgroupPathById");
  export_function<arm>(exports, "messageArm");
  export_function<ref>(exports, "messageRef");
  export_function<close>(exports, "messageClose");
}

}  // namespace bpf_lsm
