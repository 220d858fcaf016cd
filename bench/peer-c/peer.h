// What the parts of the C peer share. It does with libbpf what the other peers do with their libraries.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#define ENTRIES 10000  // of every map of bench.bpf.c

// Time is counted between start() and stop() only, as often as a case calls them.
struct measured {
  uint64_t wall_ns, cpu_ns;
  uint64_t units;  // how much was done
  uint64_t check;  // a value that every peer must come to
  uint64_t wall_began, cpu_began;
};

void start(struct measured* m);
void stop(struct measured* m);

// Ends the peer with a sentence; `err` is an errno or 0.
__attribute__((noreturn, format(printf, 2, 3))) void give_up(int err, const char* format, ...);

// bench.bpf.o, loaded at the first call.
struct bpf_object* bench_object(void);
int map_fd(const char* name);

typedef void run_case(struct measured* m, const char* target, uint64_t count);

run_case load_object, load_and_attach;
run_case map_get, map_has, map_set, map_delete, map_iterate;
run_case map_get_batch, map_set_batch, map_delete_batch;
run_case ring_consume, ring_produce;
