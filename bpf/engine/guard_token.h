// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The token: presented as the path of bpf(BPF_OBJ_GET), which fails with EACCES if it is wrong, and with
 * ENOENT, as there is no such pin, if it is right. It needs no descriptor: one of a program or map of the
 * guard's, which everybody could open, could be used for more than that.
 */
#ifndef BPF_LSM_ENGINE_GUARD_TOKEN_H
#define BPF_LSM_ENGINE_GUARD_TOKEN_H

#include "guard_state.h"

/* 32 bytes in base64url. */
#define TOKEN_BYTES 43
#define BLOCK_BYTES 64
#define ROUNDS 64

struct presented {
  __u64 scheme[2];
  __u64 id[GUARD_ID_BYTES / 8];
  char what; /* '+': let this process pass; '-': no more */
  __u8 token[TOKEN_BYTES];
};

/* "bpf-lsm-guard://" */
static const __u64 SCHEME[2] = {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    0x2d6d736c2d667062ULL,
    0x2f2f3a6472617567ULL,
#else
    0x6270662d6c736d2dULL,
    0x67756172643a2f2fULL,
#endif
};

/* FIPS 180-4: the first bits of the cube roots of the first primes. */
static const __u32 ROUND_CONSTANTS[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static __always_inline __u32 rotated(__u32 word, __u32 bits) {
  return word >> bits | word << (32 - bits);
}

/* SHA-256 of a message that fits into one block with its padding. */
static __noinline int hash_token(const __u8* token, __u32* hash) {
  __u32 words[ROUNDS];
  __u32 a = 0x6a09e667, b = 0xbb67ae85, c = 0x3c6ef372, d = 0xa54ff53a;
  __u32 e = 0x510e527f, f = 0x9b05688c, g = 0x1f83d9ab, h = 0x5be0cd19;

  if (!token || !hash) return -1;
  for (__u32 i = 0; i < BLOCK_BYTES / 4; i++) {
    __u32 word = 0;

    for (__u32 j = i * 4; j < i * 4 + 4; j++) {
      __u32 byte = j < TOKEN_BYTES ? token[j] : j == TOKEN_BYTES ? 0x80 : 0;

      word = word << 8 | byte;
    }
    words[i] = word;
  }
  words[BLOCK_BYTES / 4 - 1] = TOKEN_BYTES * 8;
  for (__u32 i = BLOCK_BYTES / 4; i < ROUNDS; i++) {
    __u32 near = words[i - 15], last = words[i - 2];

    words[i] = words[i - 16] + words[i - 7] + (rotated(near, 7) ^ rotated(near, 18) ^ near >> 3) +
               (rotated(last, 17) ^ rotated(last, 19) ^ last >> 10);
  }
  for (__u32 i = 0; i < ROUNDS; i++) {
    __u32 one = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) +
                ROUND_CONSTANTS[i] + words[i];
    __u32 two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  hash[0] = a + 0x6a09e667;
  hash[1] = b + 0xbb67ae85;
  hash[2] = c + 0x3c6ef372;
  hash[3] = d + 0xa54ff53a;
  hash[4] = e + 0x510e527f;
  hash[5] = f + 0x9b05688c;
  hash[6] = g + 0x1f83d9ab;
  hash[7] = h + 0x5be0cd19;
  return 0;
}

static __always_inline bool is_token(const struct guard* guard, const __u8* token) {
  __u32 hash[HASH_WORDS] = {};
  __u32 differences = 0;

  if (hash_token(token, hash) != 0) return false;
  for (__u32 i = 0; i < HASH_WORDS; i++) differences |= hash[i] ^ guard->token[i];
  return differences == 0;
}

/* The process as a whole: libbpf loads programs in threads of its own. */
static __always_inline void let_pass(struct holder* known) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u32 process = bpf_get_current_pid_tgid() >> 32;
  struct holder holder = {.started = task->group_leader->start_boottime, .execution = task->self_exec_id};

  holder.times = 1;
  if (known)
    count_one(&known->times);
  else
    bpf_map_update_elem(&guard_holders, &process, &holder, BPF_ANY);
}

/* @param path - in the memory of user space, which is read once
 * @returns 0, or the errno that the call fails with */
static __noinline int present(__u64 path) {
  struct guard* guard = the_guard();
  struct presented presented;
  struct holder* known;

  if (!guard || !guard->armed) return 0;
  if (bpf_copy_from_user(&presented, sizeof(presented), (void*)path)) return 0;
  if (presented.scheme[0] != SCHEME[0] || presented.scheme[1] != SCHEME[1]) return 0;
  if (presented.id[0] != *(__u64*)guard->id || presented.id[1] != *(__u64*)(guard->id + 8)) return 0;
  known = current_holder();
  if (presented.what == '-') {
    if (known) __sync_fetch_and_add(&known->times, -1);
    return 0;
  }
  if (is_token(guard, presented.token)) {
    let_pass(known);
    return 0;
  }
  count_one(&guard->wrong_tokens);
  return EACCES;
}

#endif
