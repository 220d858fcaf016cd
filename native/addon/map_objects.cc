// Maps that hold kernel objects, and maps whose keys are kernel objects.
#include "../core/map_owner.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

// enum bpf_map_type; BPF_MAP_TYPE_CGRP_STORAGE since Linux 6.2
constexpr uint32_t kSocketStorage = 24, kInodeStorage = 28, kTaskStorage = 29, kCgroupStorage = 32;
constexpr uint64_t kMaxId = std::numeric_limits<int32_t>::max();

template <typename T>
std::span<const std::byte> as_bytes(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

// The descriptor by which a local storage knows an owner: one that is given, or one that lives as long as
// this.
class Owner {
 public:
  Owner(const Map& map, const Napi::Value& value) {
    const bool path = value.IsString();
    switch (map.info().type_number) {
      case kTaskStorage:
        opened_ = open_task(static_cast<pid_t>(integer(value, "task id", kMaxId)));
        break;
      case kInodeStorage:
        if (path) opened_ = open_inode(text(value, "path"));
        break;
      case kCgroupStorage:
        if (path) opened_ = open_cgroup(text(value, "cgroup"));
        break;
      case kSocketStorage:
        break;
      default:
        throw Error(codes::kArgument, "map \"" + map.info().name + "\" is no local storage")
            .with_map(map.info().name);
    }
    fd_ = opened_.valid() ? opened_.get() : static_cast<int>(integer(value, "file descriptor", kMaxId));
  }

  std::span<const std::byte> key() const { return as_bytes(fd_); }

 private:
  UniqueFd opened_;
  int fd_;
};

Map& map_of(const Napi::CallbackInfo& info) {
  return *Handle<Map>::of(info[0]);
}

// (map, owner, value) => whether the owner has one, which is written into `value`
Napi::Value lookup_of(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  const auto value = bytes(info[2], "value");
  return Napi::Boolean::New(info.Env(), map.lookup(Owner(map, info[1]).key(), value));
}

// (map, owner, value, flags)
Napi::Value update_of(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  const auto value = bytes(info[2], "value");
  const uint32_t flags = u32(info[3], "flags");
  map.update(Owner(map, info[1]).key(), value, flags);
  return info.Env().Undefined();
}

// (map, owner) => whether the owner had one
Napi::Value delete_of(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  return Napi::Boolean::New(info.Env(), map.remove(Owner(map, info[1]).key()));
}

// (map, index, program)
Napi::Value set_program(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  const uint32_t index = u32(info[1], "index");
  const int fd = Handle<ProgramHandle>::of(info[2])->fd.get();
  map.update(as_bytes(index), as_bytes(fd), 0);
  return info.Env().Undefined();
}

// (map, key, inner map, flags)
Napi::Value set_map(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  const int fd = Handle<Map>::of(info[2])->fd();
  map.update(bytes(info[1], "key"), as_bytes(fd), u32(info[3], "flags"));
  return info.Env().Undefined();
}

// (map, index, path of a cgroup)
Napi::Value set_cgroup(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  const uint32_t index = u32(info[1], "index");
  const UniqueFd cgroup = open_cgroup(text(info[2], "cgroup"));
  const int fd = cgroup.get();
  map.update(as_bytes(index), as_bytes(fd), 0);
  return info.Env().Undefined();
}

}  // namespace

void export_map_objects(Napi::Object exports) {
  export_function<lookup_of>(exports, "mapLookupOf");
  export_function<update_of>(exports, "mapUpdateOf");
  export_function<delete_of>(exports, "mapDeleteOf");
  export_function<set_program>(exports, "mapSetProgram");
  export_function<set_map>(exports, "mapSetMap");
  export_function<set_cgroup>(exports, "mapSetCgroup");
}

}  // namespace bpf_lsm
