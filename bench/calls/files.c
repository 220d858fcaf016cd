// Files, and the processes that come of them.

#include "calls.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t measure_open(int count, const char* path) {
  const int64_t began = now();
  for (int i = 0; i < count; i++) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die("open");
    close(fd);
  }
  return now() - began;
}

int64_t measure_stat(int count, const char* path) {
  struct stat found;
  const int64_t began = now();
  for (int i = 0; i < count; i++) {
    if (stat(path, &found) != 0) die("stat");
  }
  return now() - began;
}

int64_t measure_mmap(int count, const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die("open");
  const int64_t began = now();
  for (int i = 0; i < count; i++) {
    void* at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) die("mmap");
    munmap(at, 4096);
  }
  const int64_t took = now() - began;
  close(fd);
  return took;
}

static void wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) die("child");
}

int64_t measure_exec(int count, const char* path) {
  char* const args[] = {(char*)path, NULL};
  char* const environment[] = {NULL};
  const int64_t began = now();
  for (int i = 0; i < count; i++) {
    pid_t child = 0;
    if (posix_spawn(&child, path, NULL, NULL, args, environment) != 0) die("posix_spawn");
    wait_for(child);
  }
  return now() - began;
}

int64_t measure_fork(int count, const char* path) {
  const int64_t began = now();
  (void)path;
  for (int i = 0; i < count; i++) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    wait_for(child);
  }
  return now() - began;
}
