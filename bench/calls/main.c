// Makes system calls and tells how long they took. Reads one command per line, and answers each with
// nanoseconds:
//
//   connect COUNT -       connects a UDP socket to loopback again and again
//   bind COUNT -          binds as many UDP sockets to ports of loopback
//   send COUNT -          sends datagrams to a port of loopback
//   open COUNT PATH       opens a file for reading and closes it
//   stat COUNT PATH       asks what a file is
//   mmap COUNT PATH       maps an open file executable and unmaps it
//   exec COUNT PATH       executes a program and waits for it
//   fork COUNT -          makes a child that ends at once, and waits for it
//   landlock COUNT PATH   confines this process, with that many rules and one more
//   apparmor 1 PROFILE    confines this process

#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char* what) {
  perror(what);
  exit(1);
}

int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static const struct {
  const char* name;
  measure_fn measure;
} CALLS[] = {
    {"connect", measure_connect}, {"bind", measure_bind}, {"send", measure_send}, {"open", measure_open},
    {"stat", measure_stat},       {"mmap", measure_mmap}, {"exec", measure_exec}, {"fork", measure_fork},
};

static measure_fn find(const char* name) {
  for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
    if (strcmp(CALLS[i].name, name) == 0) return CALLS[i].measure;
  }
  return NULL;
}

int main(void) {
  char call[16];
  char path[4096];
  int count = 0;

  setvbuf(stdout, NULL, _IOLBF, 0);
  while (scanf("%15s %d %4095s", call, &count, path) == 3) {
    const measure_fn measure = find(call);
    if (strcmp(call, "landlock") == 0) {
      confine_by_landlock(count, path);
      puts("0");
    } else if (strcmp(call, "apparmor") == 0) {
      confine_by_apparmor(path);
      puts("0");
    } else if (measure != NULL && count >= 1 && count <= MOST) {
      printf("%lld\n", (long long)measure(count, path));
    } else {
      return 2;
    }
  }
  return 0;
}
