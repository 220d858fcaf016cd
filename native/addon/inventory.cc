#include "../core/inventory.h"

#include "../core/program.h"
#include "args.h"
#include "errors.h"
#include "exports.h"

namespace bpf_lsm {

namespace {

Napi::Value numbers(Napi::Env env, const std::vector<uint32_t>& values) {
  auto list = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) list.Set(i, values[i]);
  return list;
}

void set_optional(Napi::Object object, const char* name, const std::optional<uint64_t>& value) {
  if (value) object.Set(name, static_cast<double>(*value));
}

const char* name_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kMap:
      return "map";
    case ObjectKind::kProgram:
      return "program";
    case ObjectKind::kLink:
      return "link";
  }
  return "";
}

// (kind) => ids, in their order
Napi::Value list(const Napi::CallbackInfo& info) {
  const std::string kind = text(info[0], "kind");
  if (kind == "program") return numbers(info.Env(), program_ids());
  if (kind == "map") return numbers(info.Env(), map_ids());
  if (kind == "link") return numbers(info.Env(), link_ids());
  if (kind == "btf") return numbers(info.Env(), btf_ids());
  refuse("kind", "program, map, link or btf");
}

// (id) => the program, or null when it is gone
Napi::Value program(const Napi::CallbackInfo& info) {
  const auto found = find_program(u32(info[0], "id"));
  if (!found) return info.Env().Null();
  auto result = Napi::Object::New(info.Env());
  const auto wide = [&](uint64_t value) { return Napi::BigInt::New(info.Env(), value); };
  result.Set("id", found->id);
  result.Set("name", found->name);
  result.Set("type", found->type);
  result.Set("tag", found->tag);
  result.Set("createdByUid", found->created_by_uid);
  result.Set("loadTimeNs", wide(found->load_time_ns));
  result.Set("gplCompatible", found->gpl_compatible);
  result.Set("xlatedBytes", found->xlated_bytes);
  result.Set("jitedBytes", found->jited_bytes);
  set_optional(result, "memoryBytes", found->memory_bytes);
  result.Set("mapIds", numbers(info.Env(), found->map_ids));
  result.Set("btfId", found->btf_id);
  result.Set("functionTypeId", found->function_type_id);
  result.Set("targetObjectId", found->target_object_id);
  result.Set("targetBtfId", found->target_btf_id);
  result.Set("runCount", wide(found->run_count));
  result.Set("runTimeNs", wide(found->run_time_ns));
  result.Set("recursionMisses", wide(found->recursion_misses));
  result.Set("verifiedInstructions", found->verified_instructions);
  return result;
}

// (id) => its instructions, or null when it is gone
Napi::Value instructions(const Napi::CallbackInfo& info) {
  const auto fd = program_by_id(u32(info[0], "id"));
  if (!fd) return info.Env().Null();
  const auto found = translated_instructions(fd->get());
  return Napi::Buffer<std::byte>::Copy(info.Env(), found.data(), found.size());
}

// (id) => the map, or null when it is gone
Napi::Value map(const Napi::CallbackInfo& info) {
  const auto found = find_map(u32(info[0], "id"));
  if (!found) return info.Env().Null();
  auto result = Napi::Object::New(info.Env());
  result.Set("id", found->id);
  result.Set("name", found->name);
  result.Set("type", found->type);
  result.Set("keySize", found->key_size);
  result.Set("valueSize", found->value_size);
  result.Set("maxEntries", found->max_entries);
  result.Set("flags", found->flags);
  result.Set("btfId", found->btf_id);
  result.Set("frozen", found->frozen);
  set_optional(result, "memoryBytes", found->memory_bytes);
  if (found->owner_program_type) result.Set("ownerProgramType", *found->owner_program_type);
  return result;
}

// (id) => the BTF object, or null when it is gone
Napi::Value btf(const Napi::CallbackInfo& info) {
  const auto found = find_btf(u32(info[0], "id"));
  if (!found) return info.Env().Null();
  auto result = Napi::Object::New(info.Env());
  result.Set("id", found->id);
  result.Set("bytes", found->bytes);
  result.Set("name", found->name);
  result.Set("ofKernel", found->of_kernel);
  return result;
}

// (path) => { kind, id }, or null when it is no pin
Napi::Value pinned(const Napi::CallbackInfo& info) {
  const auto found = find_pin(text(info[0], "path"));
  if (!found) return info.Env().Null();
  auto result = Napi::Object::New(info.Env());
  result.Set("kind", name_of(found->kind));
  result.Set("id", found->id);
  return result;
}

Napi::Value since_boot(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), nanoseconds_since_boot());
}

}  // namespace

void export_inventory(Napi::Object exports) {
  export_function<list>(exports, "inventoryIds");
  export_function<program>(exports, "inventoryProgram");
  export_function<instructions>(exports, "inventoryInstructions");
  export_function<map>(exports, "inventoryMap");
  export_function<btf>(exports, "inventoryBtf");
  export_function<pinned>(exports, "inventoryPin");
  export_function<since_boot>(exports, "nanosecondsSinceBoot");
}

}  // namespace bpf_lsm
