// Sockets of UDP, on loopback.

#include "calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int make_socket(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  return fd;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int64_t measure_connect(int count, const char* path) {
  const int fd = make_socket();
  const struct sockaddr_in address = loopback(FIRST_PORT);
  const int64_t began = now();
  (void)path;
  for (int i = 0; i < count; i++) {
    if (connect(fd, (const struct sockaddr*)&address, sizeof(address)) != 0) die("connect");
  }
  const int64_t took = now() - began;
  close(fd);
  return took;
}

int64_t measure_bind(int count, const char* path) {
  static int sockets[MOST];
  (void)path;
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

int64_t measure_send(int count, const char* path) {
  const int to = make_socket();
  const int from = make_socket();
  const struct sockaddr_in address = loopback(FIRST_PORT);
  char byte = 0;
  int64_t took = 0;
  (void)path;
  if (bind(to, (const struct sockaddr*)&address, sizeof(address)) != 0) die("bind");
  for (int i = 0; i < count; i++) {
    const int64_t began = now();
    if (sendto(from, &byte, 1, 0, (const struct sockaddr*)&address, sizeof(address)) != 1) die("sendto");
    took += now() - began;
    if (recv(to, &byte, 1, 0) != 1) die("recv");
  }
  close(to);
  close(from);
  return took;
}
