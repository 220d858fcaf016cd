#include "map_batch.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <string>
#include <unordered_set>

namespace bpf_lsm {

namespace {

// errno for a command that the map's type does not have, which libc does not know.
constexpr int kNotSupported = 524;

// How many elements the buffers hold; both must hold as many.
uint32_t elements_in(const Map& map, size_t keys, size_t values) {
  const size_t count = map.info().key_size == 0 ? 0 : keys / map.info().key_size;
  map.check_size("batch of keys", keys, count * map.info().key_size);
  map.check_size("batch of values", values, count * map.value_bytes());
  return static_cast<uint32_t>(count);
}

Error failed_at(const Map& map, int err, const char* command, const char* what, uint32_t done,
                uint32_t count) {
  Error error = map.failure(err, command, what);
  return Error(err, error.syscall(),
               "cannot " + std::string(what) + " map \"" + map.info().name + "\" at element " +
                   std::to_string(done + 1) + " of " + std::to_string(count))
      .with_map(map.info().name)
      .with_done(done);
}

void update_one_by_one(const Map& map, std::span<const std::byte> keys, std::span<const std::byte> values,
                       uint64_t flags, uint32_t count) {
  const size_t key_size = map.info().key_size;
  const size_t value_size = map.value_bytes();
  for (uint32_t i = 0; i < count; i++) {
    if (bpf_map_update_elem(map.fd(), keys.data() + i * key_size, values.data() + i * value_size, flags) <
        0) {
      throw failed_at(map, errno, "BPF_MAP_UPDATE_ELEM", "set the keys of", i, count);
    }
  }
}

uint32_t delete_one_by_one(const Map& map, std::span<const std::byte> keys, uint32_t count) {
  const size_t key_size = map.info().key_size;
  uint32_t deleted = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (bpf_map_delete_elem(map.fd(), keys.data() + i * key_size) == 0) {
      deleted++;
    } else if (errno != ENOENT) {
      throw failed_at(map, errno, "BPF_MAP_DELETE_ELEM", "delete the keys of", i, count);
    }
  }
  return deleted;
}

// A walk by BPF_MAP_GET_NEXT_KEY.
class Walk {
 public:
  explicit Walk(const Map& map)
      : map_(map), key_(map.info().key_size), next_(map.info().key_size), value_(map.value_bytes()) {}

  std::vector<std::byte> run() {
    bool more = map_.next_key({}, key_);
    while (more) {
      visit();
      more = step();
    }
    keys_.insert(keys_.end(), values_.begin(), values_.end());
    return std::move(keys_);
  }

 private:
  using Text = std::string;

  static Text text(const std::vector<std::byte>& key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
  }

  void visit() {
    added_ = seen_.insert(text(key_)).second && map_.lookup(key_, value_);
    if (!added_) return;
    keys_.insert(keys_.end(), key_.begin(), key_.end());
    values_.insert(values_.end(), value_.begin(), value_.end());
  }

  bool step() {
    count_step();
    if (map_.next_key(key_, next_)) {
      // The walk started over, so the key was gone: in a trie its lookup may have met a shorter prefix.
      if (added_ && seen_.contains(text(next_))) forget();
      key_.swap(next_);
      return true;
    }
    // Types that end at a key that is gone (kernel/bpf/local_storage.c cgroup_storage_get_next_key) start
    // over.
    if (!added_ || map_.lookup(key_, value_)) return false;
    forget();
    return map_.next_key({}, key_);
  }

  void forget() {
    keys_.resize(keys_.size() - key_.size());
    values_.resize(values_.size() - value_.size());
    forget_key();
  }

  void forget_key() { seen_.erase(text(key_)); }

  void count_step() {
    // Each start-over walks what was seen before once more.
    if (++steps_ <= 16 * (size_t{map_.info().max_entries} + 1024)) return;
    throw Error("ERR_BPF_CHANGED",
                "map \"" + map_.info().name + "\" changes faster than its keys can be walked")
        .with_map(map_.info().name);
  }

  const Map& map_;
  std::vector<std::byte> key_, next_, value_, keys_, values_;
  std::unordered_set<Text> seen_;
  bool added_ = false;
  size_t steps_ = 0;
};

}  // namespace

size_t cursor_size(const Map& map) {
  return std::max(sizeof(uint32_t), size_t{map.info().key_size});
}

std::optional<Batch> lookup_batch(const Map& map, std::span<std::byte> cursor, bool first,
                                  std::span<std::byte> keys, std::span<std::byte> values, bool take) {
  map.check_size("cursor", cursor.size(), cursor_size(map));
  uint32_t count = elements_in(map, keys.size(), values.size());
  const auto read = take ? bpf_map_lookup_and_delete_batch : bpf_map_lookup_batch;
  LIBBPF_OPTS(bpf_map_batch_opts, opts);
  if (read(map.fd(), first ? nullptr : cursor.data(), cursor.data(), keys.data(), values.data(), &count,
           &opts) == 0) {
    return Batch{count, false};
  }
  if (errno == ENOENT) return Batch{count, true};
  if (errno == ENOSPC) return std::nullopt;
  throw map.failure(errno, take ? "BPF_MAP_LOOKUP_AND_DELETE_BATCH" : "BPF_MAP_LOOKUP_BATCH",
                    take ? "take the elements of" : "read the elements of");
}

void update_batch(const Map& map, std::span<const std::byte> keys, std::span<const std::byte> values,
                  uint64_t flags) {
  const uint32_t count = elements_in(map, keys.size(), values.size());
  if (count == 0) return;
  // kernel/bpf/syscall.c generic_map_update_batch() takes no flag but BPF_F_LOCK.
  if (flags != BPF_ANY) return update_one_by_one(map, keys, values, flags, count);
  uint32_t done = count;
  LIBBPF_OPTS(bpf_map_batch_opts, opts);
  if (bpf_map_update_batch(map.fd(), keys.data(), values.data(), &done, &opts) == 0) return;
  if (errno == kNotSupported) return update_one_by_one(map, keys, values, flags, count);
  // A refusal of the whole leaves the number as it was.
  throw failed_at(map, errno, "BPF_MAP_UPDATE_BATCH", "set the keys of", done < count ? done : 0, count);
}

uint32_t delete_batch(const Map& map, std::span<const std::byte> keys) {
  const size_t key_size = map.info().key_size;
  const uint32_t count =
      elements_in(map, keys.size(), keys.size() / std::max(key_size, size_t{1}) * map.value_bytes());
  uint32_t deleted = 0;
  for (uint32_t at = 0; at < count;) {
    uint32_t done = count - at;
    LIBBPF_OPTS(bpf_map_batch_opts, opts);
    if (bpf_map_delete_batch(map.fd(), keys.data() + at * key_size, &done, &opts) == 0) {
      return deleted + count - at;
    }
    if (errno == kNotSupported)
      return deleted + delete_one_by_one(map, keys.subspan(at * key_size), count - at);
    if (errno != ENOENT) {
      throw failed_at(map, errno, "BPF_MAP_DELETE_BATCH", "delete the keys of",
                      done < count - at ? at + done : at, count);
    }
    // It stops at a key that is not there: on with the one behind it.
    deleted += done;
    at += done + 1;
  }
  return deleted;
}

std::vector<std::byte> read_all(const Map& map) {
  return Walk(map).run();
}

}  // namespace bpf_lsm
