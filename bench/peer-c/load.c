// Opening and loading an object, and attaching its programs.
#include <errno.h>

#include "peer.h"

static struct bpf_object* load(const char* path) {
  struct bpf_object* object = bpf_object__open_file(path, NULL);
  if (!object) give_up(errno, "cannot open %s", path);
  const int result = bpf_object__load(object);
  if (result) give_up(-result, "cannot load %s", path);
  return object;
}

void load_object(struct measured* m, const char* path, uint64_t count) {
  start(m);
  for (uint64_t i = 0; i < count; i++) bpf_object__close(load(path));
  stop(m);
  m->units = count;
}

// All programs of the object are attached, and detached before it is closed.
void load_and_attach(struct measured* m, const char* path, uint64_t count) {
  start(m);
  for (uint64_t i = 0; i < count; i++) {
    struct bpf_object* object = load(path);
    struct bpf_program* program = NULL;
    bpf_object__for_each_program(program, object) {
      struct bpf_link* link = bpf_program__attach(program);
      if (!link) give_up(errno, "cannot attach %s", bpf_program__name(program));
      bpf_link__destroy(link);
    }
    bpf_object__close(object);
  }
  stop(m);
  m->units = count;
}
