#include "btf_check.h"

#include <linux/btf.h>

#include <array>
#include <string>
#include <vector>

#include "error.h"

namespace bpf_lsm {

namespace {

// The kinds that linux/btf.h of the oldest headers does not name; the numbers are the kernel's.
constexpr uint32_t kDeclTag = 17, kTypeTag = 18, kEnum64 = 19;

// kernel/bpf/btf.c, BTF_MAX_SIZE: no object is anywhere near, and ids stay far from overflowing.
constexpr uint64_t kMostBytes = 16 << 20;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(codes::kBtf, "malformed BTF: " + why);
}

struct Enum64 {
  uint32_t name_off, val_lo32, val_hi32;
};

// One type as it lies there.
struct Entry {
  btf_type type;
  uint64_t rest;  // where what follows the common part begins

  uint32_t kind() const { return BTF_INFO_KIND(type.info); }
  uint32_t count() const { return BTF_INFO_VLEN(type.info); }
};

// What follows the common part of a type: for each of its members, or once.
uint64_t size_of_rest(const Entry& entry) {
  switch (entry.kind()) {
    case BTF_KIND_INT:
    case kDeclTag:
    case BTF_KIND_VAR:
      return sizeof(uint32_t);
    case BTF_KIND_ARRAY:
      return sizeof(btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      return sizeof(btf_member) * uint64_t{entry.count()};
    case BTF_KIND_ENUM:
      return sizeof(btf_enum) * uint64_t{entry.count()};
    case BTF_KIND_FUNC_PROTO:
      return sizeof(btf_param) * uint64_t{entry.count()};
    case BTF_KIND_DATASEC:
      return sizeof(btf_var_secinfo) * uint64_t{entry.count()};
    case kEnum64:
      return sizeof(Enum64) * uint64_t{entry.count()};
    default:
      return 0;
  }
}

class BtfCheck {
 public:
  explicit BtfCheck(Image btf) : btf_(btf) {}

  BtfExtent run() {
    find_sections();
    collect();
    for (uint32_t id = 1; id < entries_.size(); id++) check(id);
    check_chains();
    return {.types = static_cast<uint32_t>(entries_.size() - 1), .strings = static_cast<uint32_t>(strings_)};
  }

 private:
  void find_sections() {
    const auto header = btf_.read<btf_header>(0);
    if (!header) refuse("it has no header");
    if (header->magic != BTF_MAGIC) refuse("its magic number is " + std::to_string(header->magic));
    if (header->version != BTF_VERSION) refuse("it has version " + std::to_string(header->version));
    if (header->hdr_len < sizeof(btf_header) || header->hdr_len > btf_.size()) {
      refuse("a header of " + std::to_string(header->hdr_len) + " bytes");
    }
    if (btf_.size() > kMostBytes) refuse("it has more than 16 MiB");
    const uint64_t body = btf_.size() - header->hdr_len;
    const auto within = [&](uint64_t offset, uint64_t size) {
      return offset <= body && size <= body - offset;
    };
    if (!within(header->type_off, header->type_len)) refuse("its type section reaches outside");
    if (!within(header->str_off, header->str_len)) refuse("its string section reaches outside");
    types_ = btf_.part(header->hdr_len + uint64_t{header->type_off}, header->type_len);
    const Image strings = btf_.part(header->hdr_len + uint64_t{header->str_off}, header->str_len);
    if (!strings.ends_with_nul() || *strings.text(0) != '\0') {
      refuse("its string section does not begin and end with a NUL");
    }
    strings_ = strings.size();
  }

  void collect() {
    entries_.push_back({});
    for (uint64_t at = 0; at < types_.size();) {
      const auto type = types_.read<btf_type>(at);
      if (!type) refuse("type [" + std::to_string(entries_.size()) + "] is cut off");
      const Entry entry{.type = *type, .rest = at + sizeof(btf_type)};
      if (entry.kind() == BTF_KIND_UNKN || entry.kind() > kEnum64) {
        refuse("type [" + std::to_string(entries_.size()) + "] is of the unknown kind " +
               std::to_string(entry.kind()));
      }
      const uint64_t size = size_of_rest(entry);
      if (!types_.holds(entry.rest, size))
        refuse("type [" + std::to_string(entries_.size()) + "] is cut off");
      entries_.push_back(entry);
      at = entry.rest + size;
    }
  }

  void check(uint32_t id) {
    const Entry& entry = entries_[id];
    name(id, entry.type.name_off);
    switch (entry.kind()) {
      case BTF_KIND_PTR:
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_VAR:
      case kDeclTag:
      case kTypeTag:
        return reference(id, entry.type.type);
      case BTF_KIND_FUNC:
        reference(id, entry.type.type);
        if (kind_of(entry.type.type) != BTF_KIND_FUNC_PROTO) wrong(id, entry.type.type);
        return;
      case BTF_KIND_ARRAY: {
        const auto array = element<btf_array>(entry, 0);
        reference(id, array.type);
        return reference(id, array.index_type);
      }
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        return each<btf_member>(entry, [&](const btf_member& member) {
          name(id, member.name_off);
          reference(id, member.type);
        });
      case BTF_KIND_ENUM:
        return each<btf_enum>(entry, [&](const btf_enum& value) { name(id, value.name_off); });
      case kEnum64:
        return each<Enum64>(entry, [&](const Enum64& value) { name(id, value.name_off); });
      case BTF_KIND_FUNC_PROTO:
        reference(id, entry.type.type);
        return each<btf_param>(entry, [&](const btf_param& parameter) {
          name(id, parameter.name_off);
          reference(id, parameter.type);
        });
      case BTF_KIND_DATASEC:
        return each<btf_var_secinfo>(entry, [&](const btf_var_secinfo& variable) {
          reference(id, variable.type);
          // Functions are in .ksyms.
          const uint32_t kind = kind_of(variable.type);
          if (kind != BTF_KIND_VAR && kind != BTF_KIND_FUNC) wrong(id, variable.type);
        });
      default:
        return;
    }
  }

  // Every reader goes from a typedef, const or array to what is behind it, as long as there is something
  // behind.
  void check_chains() const {
    enum class Mark : uint8_t { kNew, kOnTheWay, kEnds };
    std::vector<Mark> marks(entries_.size(), Mark::kNew);
    for (uint32_t start = 1; start < entries_.size(); start++) {
      uint32_t id = start;
      for (; id != 0 && marks[id] == Mark::kNew; id = behind(id)) marks[id] = Mark::kOnTheWay;
      if (id != 0 && marks[id] == Mark::kOnTheWay) {
        refuse("type [" + std::to_string(id) + "] leads back to itself");
      }
      for (id = start; id != 0 && marks[id] == Mark::kOnTheWay; id = behind(id)) marks[id] = Mark::kEnds;
    }
  }

  uint32_t behind(uint32_t id) const {
    const Entry& entry = entries_[id];
    switch (entry.kind()) {
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_VAR:
      case kDeclTag:
      case kTypeTag:
        return entry.type.type;
      case BTF_KIND_ARRAY:
        return element<btf_array>(entry, 0).type;
      default:
        return 0;
    }
  }

  // collect() has seen that they are there.
  template <typename T>
  T element(const Entry& entry, uint32_t index) const {
    return types_.read<T>(entry.rest + sizeof(T) * uint64_t{index}).value_or(T{});
  }

  template <typename T, typename Visit>
  void each(const Entry& entry, const Visit& visit) const {
    for (uint32_t i = 0; i < entry.count(); i++) visit(element<T>(entry, i));
  }

  uint32_t kind_of(uint32_t id) const { return entries_[id].kind(); }

  void name(uint32_t id, uint32_t offset) const {
    if (offset >= strings_) refuse("a name of type [" + std::to_string(id) + "] is outside the strings");
  }

  void reference(uint32_t id, uint32_t to) const {
    if (to < entries_.size()) return;
    refuse("type [" + std::to_string(id) + "] refers to type [" + std::to_string(to) +
           "], which is not there");
  }

  [[noreturn]] static void wrong(uint32_t id, uint32_t to) {
    refuse("type [" + std::to_string(id) + "] refers to type [" + std::to_string(to) +
           "] of a kind that cannot be");
  }

  Image btf_;
  Image types_{{}};
  uint64_t strings_ = 0;
  std::vector<Entry> entries_;
};

// include/uapi has none of these: tools/lib/bpf/libbpf_internal.h.
struct ExtHeader {
  uint16_t magic;
  uint8_t version, flags;
  uint32_t hdr_len;
};

struct ExtPart {
  uint32_t offset, size;
};

// The records of one section of the object.
struct ExtGroup {
  uint32_t section_name, count;
};

// The words of a record that are types' ids and names' offsets; the first is an instruction in all of them.
struct ExtRecord {
  const char* what;
  uint32_t words;
  uint32_t type;   // 0: none
  uint32_t names;  // a bit for each
};

constexpr std::array<ExtRecord, 3> kExtRecords{{
    {.what = "function", .words = 2, .type = 1, .names = 0},
    {.what = "line", .words = 4, .type = 0, .names = 1U << 1 | 1U << 2},
    {.what = "relocation", .words = 4, .type = 1, .names = 1U << 2},
}};

[[noreturn]] void refuse_ext(const ExtRecord& kind, const char* why) {
  refuse(std::string(".BTF.ext has ") + kind.what + " records " + why);
}

void check_record(const ExtRecord& kind, Image part, uint64_t at, const BtfExtent& btf) {
  for (uint32_t word = 1; word < kind.words; word++) {
    const uint32_t value = part.read<uint32_t>(at + sizeof(uint32_t) * word).value_or(0);
    if (word == kind.type && value > btf.types) refuse_ext(kind, "of types that are not there");
    if ((kind.names >> word & 1) && value >= btf.strings) refuse_ext(kind, "with names outside the strings");
  }
}

void check_records(const ExtRecord& kind, Image part, const BtfExtent& btf) {
  const auto record_size = part.read<uint32_t>(0);
  if (!record_size || *record_size < kind.words * sizeof(uint32_t) || *record_size % sizeof(uint32_t)) {
    refuse_ext(kind, "of an impossible size");
  }
  for (uint64_t at = sizeof(uint32_t); at < part.size();) {
    const auto group = part.read<ExtGroup>(at);
    at += sizeof(ExtGroup);
    if (!group || !part.holds(at, uint64_t{group->count} * *record_size))
      refuse_ext(kind, "that reach outside");
    if (group->section_name >= btf.strings) refuse_ext(kind, "with names outside the strings");
    for (uint32_t i = 0; i < group->count; i++, at += *record_size) check_record(kind, part, at, btf);
  }
}

}  // namespace

BtfExtent check_btf(Image btf) {
  return BtfCheck(btf).run();
}

void check_btf_ext(Image ext, const BtfExtent& btf) {
  const auto header = ext.read<ExtHeader>(0);
  if (!header || header->magic != BTF_MAGIC || header->version != BTF_VERSION ||
      header->hdr_len < sizeof(ExtHeader) || header->hdr_len > ext.size()) {
    refuse(".BTF.ext has no sound header");
  }
  for (size_t i = 0; i < kExtRecords.size(); i++) {
    // Older objects have no relocations, and a header that ends before them.
    const uint64_t at = sizeof(ExtHeader) + i * sizeof(ExtPart);
    if (at + sizeof(ExtPart) > header->hdr_len) return;
    const ExtPart part = ext.read<ExtPart>(at).value_or(ExtPart{});
    if (part.size == 0) continue;
    const uint64_t offset = uint64_t{header->hdr_len} + part.offset;
    if (!ext.holds(offset, part.size)) refuse_ext(kExtRecords.at(i), "that reach outside");
    check_records(kExtRecords.at(i), ext.part(offset, part.size), btf);
  }
}

}  // namespace bpf_lsm
