#ifndef CALLS_H
#define CALLS_H

#include <stdint.h>

/* Each makes a call so many times, and gives the nanoseconds that it took: on a path, where it has one. */
typedef int64_t (*measure_fn)(int count, const char* path);

int64_t measure_connect(int count, const char* path);
int64_t measure_bind(int count, const char* path);
int64_t measure_send(int count, const char* path);
int64_t measure_open(int count, const char* path);
int64_t measure_stat(int count, const char* path);
int64_t measure_mmap(int count, const char* path);
int64_t measure_exec(int count, const char* path);
int64_t measure_fork(int count, const char* path);

/* Confines this process: by a Landlock ruleset with a rule for all, and one for each of `count` files of a
 * directory; by an AppArmor profile. */
void confine_by_landlock(int count, const char* directory);
void confine_by_apparmor(const char* profile);

enum { MOST = 512, FIRST_PORT = 20000 };

void die(const char* what);
int64_t now(void);

#endif
