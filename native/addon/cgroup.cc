#include "../core/cgroup.h"

#include "../core/program.h"
#include "args.h"
#include "errors.h"
#include "exports.h"

namespace bpf_lsm {

namespace {

// (cgroup's descriptor, attach type, effective) => { programs: [id, flags, id, flags, ...], revision }, or
// null where the kernel does not have the attach type
Napi::Value programs(const Napi::CallbackInfo& info) {
  const uint32_t attach_type = u32(info[1], "attachType");
  const bool effective = flag(info[2], "effective");
  const auto found = cgroup_programs(descriptor(info[0], "cgroup"), attach_type, effective);
  if (!found) return info.Env().Null();
  auto list = Napi::Uint32Array::New(info.Env(), found->entries.size() * 2);
  for (size_t i = 0; i < found->entries.size(); i++) {
    list[2 * i] = found->entries[i].program_id;
    list[2 * i + 1] = found->entries[i].flags;
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("programs", list);
  result.Set("revision", Napi::BigInt::New(info.Env(), found->revision));
  return result;
}

// (cgroup's descriptor, program id, attach type, expected revision) => whether there is such a program
Napi::Value detach(const Napi::CallbackInfo& info) {
  const int cgroup = descriptor(info[0], "cgroup");
  const uint32_t id = u32(info[1], "program");
  const uint32_t attach_type = u32(info[2], "attachType");
  const uint64_t revision = u64(info[3], "expectedRevision");
  const auto program = program_by_id(id);
  if (program) detach_cgroup_program(cgroup, program->get(), attach_type, revision);
  return Napi::Boolean::New(info.Env(), program.has_value());
}

}  // namespace

void export_cgroup(Napi::Object exports) {
  export_function<programs>(exports, "cgroupPrograms");
  export_function<detach>(exports, "cgroupDetach");
}

}  // namespace bpf_lsm
