// Makes system calls and tells how long they took. Reads one command per line, and answers with nanoseconds:
//
//   connect COUNT    connects a UDP socket to loopback again and again
//   bind COUNT       binds as many UDP sockets to ports of loopback

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 512, FIRST_PORT = 20000 };

static void die(const char* what) {
  perror(what);
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int make_socket(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  return fd;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int64_t connects(int count) {
  const int fd = make_socket();
  const struct sockaddr_in address = loopback(FIRST_PORT);
  const int64_t began = now();
  for (int i = 0; i < count; i++) {
    if (connect(fd, (const struct sockaddr*)&address, sizeof(address)) != 0) die("connect");
  }
  const int64_t took = now() - began;
  close(fd);
  return took;
}

static int64_t binds(int count) {
  static int sockets[MOST];
  for (int i = 0; i < count; i++) sockets[i] = make_socket();
  const int64_t began = now();
  for (int i = 0; i < count; i++) {
    const struct sockaddr_in address = loopback(FIRST_PORT + i);
    if (bind(sockets[i], (const struct sockaddr*)&address, sizeof(address)) != 0) die("bind");
  }
  const int64_t took = now() - began;
  for (int i = 0; i < count; i++) close(sockets[i]);
  return took;
}

int main(void) {
  char call[16];
  int count = 0;

  setvbuf(stdout, NULL, _IOLBF, 0);
  while (scanf("%15s %d", call, &count) == 2) {
    if (count < 1 || count > MOST) return 2;
    if (strcmp(call, "connect") == 0) {
      printf("%lld\n", (long long)connects(count));
    } else if (strcmp(call, "bind") == 0) {
      printf("%lld\n", (long long)binds(count));
    } else {
      return 2;
    }
  }
  return 0;
}
