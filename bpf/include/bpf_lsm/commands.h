// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Commands from user space through a user ring buffer (Linux 6.1):
 *
 *   COMMAND_RING(commands, struct command, 64 * 1024);
 *
 *   static long obey(struct bpf_dynptr* record, void* unused) {
 *     struct command command;
 *
 *     if (bpf_dynptr_read(&command, sizeof(command), record, 0, 0)) return 0;
 *     ...
 *     return 0;
 *   }
 *
 *   bpf_user_ringbuf_drain(&commands, obey, NULL, 0);
 *
 * A callback that returns 1 leaves the records behind its own in the ring. Whoever can write to the map can
 * send anything: check the size, as above, and what is in it.
 *
 * The size of the ring is in bytes: a power of two and a multiple of the page size.
 */
#ifndef BPF_LSM_COMMANDS_H
#define BPF_LSM_COMMANDS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The type of the value is command[0] for the reason given in events.h. */
#define COMMAND_RING(name, command, bytes)   \
  struct {                                   \
    __uint(type, BPF_MAP_TYPE_USER_RINGBUF); \
    __uint(max_entries, bytes);              \
    __type(value, command[0]);               \
  } name SEC(".maps")

#endif
