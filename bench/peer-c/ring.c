// Filling a ring by a program of bench.bpf.c, and emptying it through a callback.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "peer.h"

// What bpf_loop() does at most (BPF_MAX_LOOPS); a ring holds less.
#define MOST_LOOPS (1u << 23)

struct request {
  uint32_t records;
  uint32_t first;
};

static void run_program(int fd, struct request request) {
  LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &request, .ctx_size_in = sizeof(request));
  if (bpf_prog_test_run_opts(fd, &opts)) give_up(errno, "cannot run a program");
}

static int filler(const char* records) {
  char name[64];
  snprintf(name, sizeof(name), "fill_%s", records);
  const struct bpf_program* program = bpf_object__find_program_by_name(bench_object(), name);
  if (!program) give_up(0, "there is no program %s", name);
  return bpf_program__fd(program);
}

struct seen {
  uint64_t records, sum, last;
};

static int on_record(void* context, void* data, size_t size) {
  struct seen* seen = context;
  const uint64_t sequence = *(const uint64_t*)data;
  seen->records++;
  seen->sum += sequence + size;
  seen->last = sequence;
  return 0;
}

// Fills the ring while the clock stands, and empties it while it runs, until `count` records came out.
void ring_consume(struct measured* m, const char* records, uint64_t count) {
  static struct ring_buffer* ring;
  static struct seen seen;
  char map[64];
  snprintf(map, sizeof(map), "%s_ring", records);
  if (!ring) ring = ring_buffer__new(map_fd(map), on_record, &seen, NULL);
  if (!ring) give_up(errno, "cannot read %s", map);
  const int program = filler(records);
  seen = (struct seen){0};
  while (seen.records < count) {
    const uint64_t left = count - seen.records;
    const uint32_t most = left < MOST_LOOPS ? (uint32_t)left : MOST_LOOPS;
    const struct request request = {most, (uint32_t)seen.records};
    run_program(program, request);
    start(m);
    const int result = ring_buffer__consume(ring);
    stop(m);
    if (result <= 0) give_up(-result, "nothing came out of %s", map);
  }
  m->units = seen.records;
  m->check = seen.last;
}

// Keeps the ring of another process full for `milliseconds`, by its program of the given id.
void ring_produce(struct measured* m, const char* program_id, uint64_t milliseconds) {
  const int fd = bpf_prog_get_fd_by_id((uint32_t)strtoul(program_id, NULL, 10));
  if (fd < 0) give_up(errno, "cannot open program %s", program_id);
  while (m->wall_ns < milliseconds * 1000000) {
    start(m);
    run_program(fd, (struct request){.records = 1000});
    stop(m);
    m->units++;
  }
}
