// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a program is started with: bprm->argc arguments, then bprm->envc variables of the environment, each
 * ended by a NUL, in user memory from bprm->p to bprm->exec.
 *
 * For sleepable programs on bprm_committed_creds. There this memory is the current process's own already, and
 * nobody can change it: the process has not started, and exec_update_lock keeps ptrace and /proc/<pid>/mem
 * away until the hook is over (begin_new_exec).
 */
#ifndef BPF_LSM_EXEC_ENV_H
#define BPF_LSM_EXEC_ENV_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf_lsm/kernel/binprm.h>

/* Room for the name of a variable, with its final NUL. */
#define ENV_NAME_SIZE 48
#define ENV_NAME_WORDS (ENV_NAME_SIZE / 8)

/* More pieces than execve(2) takes strings and memory for: the walk ends at the end of the environment. */
#define ENV_WALK_PIECES (1 << 23)
#define ENV_PIECE_SIZE 128

struct env_variable {
  __u64 value;      /* where its first value is, in user memory; 0: nowhere */
  __u32 value_size; /* how long that is, without its final NUL */
  __u32 count;      /* how often the environment has it */
  bool unreadable;  /* a part of the memory could not be read: there may be more */
};

/* "name=", to be compared eight bytes at a time: a loop over single bytes costs the verifier too much. */
struct env_needle {
  __u64 bytes[ENV_NAME_WORDS];
  __u64 mask[ENV_NAME_WORDS]; /* 0xff for every byte that counts */
  __u32 length;
};

struct env_walk {
  struct env_needle needle;
  struct env_variable* variable;
  __u64 at;
  __u64 end;
  __u32 arguments; /* that still come */
  bool continuing; /* the piece before did not end its string */
  bool in_value;   /* the piece is of the first value */
};

#define ENV_EACH_BYTE(byte) ((byte)*0x0101010101010101ull)

/* Little-endian, as are all machines that this is built for: the first byte of a word is its lowest. */
static __always_inline void env_make_needle(struct env_needle* needle, const volatile char* name) {
  __u64 before = 0;
  __u32 i;

  __builtin_memcpy(needle->bytes, (const char*)name, ENV_NAME_SIZE);
  needle->bytes[ENV_NAME_WORDS - 1] &= ~0ull >> 8;
  needle->length = 0;
  for (i = 0; i < ENV_NAME_WORDS; i++) {
    __u64 word = needle->bytes[i];
    __u64 high = ((word & ENV_EACH_BYTE(0x7full)) + ENV_EACH_BYTE(0x7full)) | word;
    __u64 used = ((high >> 7) & ENV_EACH_BYTE(1ull)) * 0xff;
    __u64 behind = ~used & (used << 8 | before);

    needle->bytes[i] |= behind & ENV_EACH_BYTE((__u64)'=');
    needle->mask[i] = used | behind;
    needle->length += ((needle->mask[i] & ENV_EACH_BYTE(1ull)) * ENV_EACH_BYTE(1ull)) >> 56;
    before = used >> 56;
  }
}

static __always_inline bool env_begins_with(const __u64* piece, const struct env_needle* needle) {
  __u64 difference = 0;
  __u32 i;

  for (i = 0; i < ENV_NAME_WORDS; i++) difference |= (piece[i] ^ needle->bytes[i]) & needle->mask[i];
  return difference == 0;
}

/*
 * Reads the piece of a string, at most ENV_PIECE_SIZE - 1 bytes, and gives the piece's size with the NUL
 * after it, or a negative errno. The helper does not wait for memory that is not present; reading a byte in
 * the waiting way makes it so. A piece touches two pages at most.
 */
static __always_inline long env_read_piece(__u64* piece, __u64 at, __u64 end) {
  __u64 last = at + ENV_PIECE_SIZE - 1;
  long size = bpf_probe_read_user_str(piece, ENV_PIECE_SIZE, (const void*)at);
  char byte;

  if (size < 0) {
    if (last >= end) last = end - 1;
    bpf_copy_from_user(&byte, sizeof(byte), (const void*)at);
    bpf_copy_from_user(&byte, sizeof(byte), (const void*)last);
    size = bpf_probe_read_user_str(piece, ENV_PIECE_SIZE, (const void*)at);
  }
  /* For an empty string 6.1 and 6.12 give 0 instead of 1 (strncpy_from_user_nofault). */
  return size == 0 ? 1 : size;
}

static long env_walk_step(__u32 index, struct env_walk* walk) {
  __u64 piece[ENV_PIECE_SIZE / 8] = {};
  struct env_variable* variable = walk->variable;
  __u32 skip = 0;
  long size;
  bool ends;

  if (walk->at >= walk->end) return 1;
  size = env_read_piece(piece, walk->at, walk->end);
  if (size < 0) {
    variable->unreadable = true;
    return 1;
  }

  ends = size < ENV_PIECE_SIZE;
  if (walk->arguments == 0) {
    if (!walk->continuing) {
      walk->in_value = false;
      if (env_begins_with(piece, &walk->needle)) {
        variable->count++;
        if (variable->value == 0) {
          skip = walk->needle.length;
          variable->value = walk->at + skip;
          walk->in_value = true;
        }
      }
    }
    if (walk->in_value) variable->value_size += size - 1 - skip;
  } else if (ends) {
    walk->arguments--;
  }
  /* A piece that fills the buffer may have ended its string too: then the next piece is empty, and ends it.
   */
  walk->at += ends ? size : size - 1;
  walk->continuing = !ends;
  return 0;
}

/* Looks for the variable of this name among all of the environment. An empty name is never found. */
static __always_inline void env_find(const struct linux_binprm* bprm, const volatile char* name,
                                     struct env_variable* variable) {
  struct env_walk walk = {.variable = variable, .at = bprm->p, .end = bprm->exec, .arguments = bprm->argc};

  if (name[0] == '\0') return;
  env_make_needle(&walk.needle, name);
  bpf_loop(ENV_WALK_PIECES, env_walk_step, &walk, 0);
}

#endif
