// Reads what to do from standard input, a line for each round: case, target and count with tabs between them.
// Answers with a line of numbers: wall time and CPU time in ns, units done, check.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

static const struct {
  const char* name;
  run_case* run;
} cases[] = {
    {"load", load_object},
    {"load-attach", load_and_attach},
    {"map-get", map_get},
    {"map-has", map_has},
    {"map-set", map_set},
    {"map-delete", map_delete},
    {"map-iterate", map_iterate},
    {"map-get-batch", map_get_batch},
    {"map-set-batch", map_set_batch},
    {"map-delete-batch", map_delete_batch},
    {"ring", ring_consume},
    {"produce", ring_produce},
};

static const char* object_path;

static uint64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void start(struct measured* m) {
  m->cpu_began = now(CLOCK_PROCESS_CPUTIME_ID);
  m->wall_began = now(CLOCK_MONOTONIC);
}

void stop(struct measured* m) {
  m->wall_ns += now(CLOCK_MONOTONIC) - m->wall_began;
  m->cpu_ns += now(CLOCK_PROCESS_CPUTIME_ID) - m->cpu_began;
}

void give_up(int err, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));
  exit(1);
}

struct bpf_object* bench_object(void) {
  static struct bpf_object* object;
  if (object) return object;
  object = bpf_object__open_file(object_path, NULL);
  if (!object) give_up(errno, "cannot open %s", object_path);
  const int result = bpf_object__load(object);
  if (result) give_up(-result, "cannot load %s", object_path);
  return object;
}

int map_fd(const char* name) {
  const int fd = bpf_object__find_map_fd_by_name(bench_object(), name);
  if (fd < 0) give_up(0, "%s has no map %s", object_path, name);
  return fd;
}

// libbpf says that it tries again without BTF for every ring that names its records' type.
static int only_mistakes(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_WARN && !strstr(format, "Retrying without BTF")) vfprintf(stderr, format, arguments);
  return 0;
}

static void answer(char* line) {
  const char* name = strtok(line, "\t");
  const char* target = strtok(NULL, "\t");
  const char* count = strtok(NULL, "\t\n");
  if (!name || !target || !count) give_up(0, "three words are wanted in a line");
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    if (strcmp(cases[i].name, name) != 0) continue;
    struct measured m = {0};
    cases[i].run(&m, target, strtoull(count, NULL, 10));
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", m.wall_ns, m.cpu_ns, m.units, m.check);
    return;
  }
  give_up(0, "there is no case %s", name);
}

int main(int argc, char** argv) {
  if (argc != 2) give_up(0, "usage: peer-c bench.bpf.o");
  object_path = argv[1];
  libbpf_set_print(only_mistakes);
  setvbuf(stdout, NULL, _IOLBF, 0);
  char line[4096];
  while (fgets(line, sizeof(line), stdin)) answer(line);
  return 0;
}
