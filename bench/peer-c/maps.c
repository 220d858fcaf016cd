// Operations on the maps of bench.bpf.c: u32 keys, values of 8 bytes for each CPU or a struct of 24.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

struct traffic {
  uint64_t packets;
  uint64_t bytes;
  uint32_t last_port;
  uint16_t protocol;
  uint16_t flags;
};

// One value as the kernel hands it over, room for 256 CPUs.
union value {
  uint64_t words[256];
  struct traffic traffic;
};

static void fill_value(union value* value, uint64_t number) {
  if (libbpf_num_possible_cpus() > 256) give_up(0, "this benchmark knows no more than 256 CPUs");
  for (size_t i = 0; i < 256; i++) value->words[i] = number;
}

static void set_traffic(struct traffic* traffic, uint64_t number) {
  traffic->packets = number;
  traffic->bytes = 1500;
  traffic->last_port = 443;
  traffic->protocol = 6;
  traffic->flags = 1;
}

static bool is_struct(const char* map) {
  return strcmp(map, "hash_struct") == 0;
}

// Sets every key, to itself.
static void fill(const char* map) {
  const int fd = map_fd(map);
  union value value;
  for (uint32_t key = 0; key < ENTRIES; key++) {
    fill_value(&value, key);
    if (is_struct(map)) set_traffic(&value.traffic, key);
    if (bpf_map_update_elem(fd, &key, &value, BPF_ANY)) give_up(errno, "cannot fill %s", map);
  }
}

static void fill_once(const char* map) {
  static const char* filled;
  if (!filled) fill(map);
  filled = map;
}

void map_get(struct measured* m, const char* map, uint64_t count) {
  fill_once(map);
  const int fd = map_fd(map);
  union value value;
  start(m);
  for (uint64_t i = 0; i < count; i++) {
    const uint32_t key = i % ENTRIES;
    if (bpf_map_lookup_elem(fd, &key, &value)) give_up(errno, "lookup");
    m->check = value.words[0];
  }
  stop(m);
  m->units = count;
}

// The kernel has no call that tells no more than whether a key is there.
void map_has(struct measured* m, const char* map, uint64_t count) {
  fill_once(map);
  const int fd = map_fd(map);
  union value value;
  start(m);
  for (uint64_t i = 0; i < count; i++) {
    const uint32_t key = i % ENTRIES;
    if (bpf_map_lookup_elem(fd, &key, &value) == 0) m->check++;
  }
  stop(m);
  m->units = count;
}

static void set_words(int fd, int cpus, uint64_t count) {
  uint64_t words[256];
  for (uint64_t i = 0; i < count; i++) {
    const uint32_t key = i % ENTRIES;
    for (int cpu = 0; cpu < cpus; cpu++) words[cpu] = i;
    if (bpf_map_update_elem(fd, &key, words, BPF_ANY)) give_up(errno, "update");
  }
}

static void set_structs(int fd, uint64_t count) {
  struct traffic traffic;
  for (uint64_t i = 0; i < count; i++) {
    const uint32_t key = i % ENTRIES;
    set_traffic(&traffic, i);
    if (bpf_map_update_elem(fd, &key, &traffic, BPF_ANY)) give_up(errno, "update");
  }
}

void map_set(struct measured* m, const char* map, uint64_t count) {
  fill_once(map);
  const int fd = map_fd(map);
  const int cpus = strncmp(map, "percpu", 6) == 0 ? libbpf_num_possible_cpus() : 1;
  start(m);
  if (is_struct(map))
    set_structs(fd, count);
  else
    set_words(fd, cpus, count);
  stop(m);
  m->units = count;
}

// In rounds over all keys, which are set again while the clock stands.
void map_delete(struct measured* m, const char* map, uint64_t count) {
  const int fd = map_fd(map);
  while (m->units < count) {
    fill(map);
    start(m);
    for (uint32_t key = 0; key < ENTRIES && m->units < count; key++, m->units++) {
      if (bpf_map_delete_elem(fd, &key)) give_up(errno, "delete");
    }
    stop(m);
  }
}

// Every key with its value, one after the other.
void map_iterate(struct measured* m, const char* map, uint64_t count) {
  fill_once(map);
  const int fd = map_fd(map);
  union value value;
  while (m->units < count) {
    uint32_t key = 0, *at = NULL;
    start(m);
    while (bpf_map_get_next_key(fd, at, &key) == 0) {
      at = &key;
      if (bpf_map_lookup_elem(fd, &key, &value) == 0) m->units++;
    }
    stop(m);
  }
}

static uint32_t batch_keys[ENTRIES];
static union {
  uint64_t words[ENTRIES];
  struct traffic traffic[ENTRIES];
} batch_values;

static size_t batch_value_size(const char* map) {
  if (strncmp(map, "percpu", 6) == 0) give_up(0, "batches of per-CPU values are not measured");
  return is_struct(map) ? sizeof(struct traffic) : sizeof(uint64_t);
}

// Everything in one go, as many times as it takes.
void map_get_batch(struct measured* m, const char* map, uint64_t count) {
  fill_once(map);
  const int fd = map_fd(map);
  const size_t size = batch_value_size(map);
  while (m->units < count) {
    uint32_t out = 0, *in = NULL, got = ENTRIES;
    uint64_t sum = 0;
    int result = 0;
    start(m);
    do {
      result = bpf_map_lookup_batch(fd, in, &out, batch_keys, &batch_values, &got, NULL);
      if (result && errno != ENOENT) give_up(errno, "lookup of a batch");
      for (uint32_t i = 0; i < got; i++) {
        sum += *(const uint64_t*)((const char*)&batch_values + i * size);
      }
      m->units += got;
      in = &out;
      got = ENTRIES;
    } while (result == 0);
    stop(m);
    m->check = sum;
  }
}

static void fill_batch(const char* map, uint64_t number) {
  for (uint32_t i = 0; i < ENTRIES; i++) {
    batch_keys[i] = i;
    if (is_struct(map))
      set_traffic(&batch_values.traffic[i], number);
    else
      batch_values.words[i] = number;
  }
}

void map_set_batch(struct measured* m, const char* map, uint64_t count) {
  const int fd = map_fd(map);
  batch_value_size(map);
  while (m->units < count) {
    uint32_t done = ENTRIES;
    start(m);
    fill_batch(map, m->units);
    if (bpf_map_update_batch(fd, batch_keys, &batch_values, &done, NULL)) give_up(errno, "update of a batch");
    stop(m);
    m->units += done;
  }
}

void map_delete_batch(struct measured* m, const char* map, uint64_t count) {
  const int fd = map_fd(map);
  while (m->units < count) {
    uint32_t done = ENTRIES;
    fill(map);
    start(m);
    for (uint32_t i = 0; i < ENTRIES; i++) batch_keys[i] = i;
    if (bpf_map_delete_batch(fd, batch_keys, &done, NULL)) give_up(errno, "deletion of a batch");
    stop(m);
    m->units += done;
  }
}
