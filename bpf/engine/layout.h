// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What user space hands to the engine, and what it gets back.
 *
 * Each applied policy is one bit of a word of 64. A generation is all policies that are applied together: it
 * lies in maps of its own, one in each map of maps of maps.h, at the index of its slot.
 */
#ifndef BPF_LSM_ENGINE_LAYOUT_H
#define BPF_LSM_ENGINE_LAYOUT_H

#include <linux/types.h>

/* Changes whenever a program could not read what another version wrote. */
#define ENGINE_LAYOUT 1

#define SLOTS 4
#define POLICIES 64
#define OPERATIONS 64

/* A generation that can decide, with what most calls need to know of it: bit n is for operation n. */
struct candidate {
  __u32 slot;
  __u32 number;
  __u64 by_host; /* operations that policies of a scope can deny */
  __u64 by_cgroup;
  __u64 by_domain;
};

/* Which generation decides. Never changed while `current` of struct control leads to it. */
struct state {
  struct candidate active;
  struct candidate fallback; /* decides from the deadline on */
  __u64 deadline_ns;         /* CLOCK_BOOTTIME; 0: none */
};

#define STATES 16

struct control {
  __u32 layout;
  __u32 current; /* index of states: one store of it is every switch */
  __u32 over;    /* the turn that ended last */
  __u32 zero;
  struct state states[STATES];
  __u64 lost;    /* objects that could not be followed to the top */
  __u64 missing; /* calls for which there was no generation in the slot */
};

/* Which policies say something, and which of these allow. */
struct pair {
  __u64 mentions;
  __u64 allows;
};

struct operation_words {
  __u64 relevant; /* policies that can deny it */
  __u64 defaults; /* policies that allow what no rule of theirs is about */
  __u64 specific; /* policies with rules about objects, of whatever kind */
  __u64 located;  /* policies with rules about where an object is */
  __u64 facts;    /* policies with rules about what an object is, or is called anywhere */
  __u64 types;    /* policies with rules about what file system it is on */
  struct pair set_id;
};

/* One bit for each place in which there is an anchor or a name: 2^20 of them. */
#define FILTER_BITS 20
#define FILTER_BYTES (1 << (FILTER_BITS - 3))

#define NAME_BYTES 64

struct generation {
  __u32 number;
  __u32 levels; /* bit n: there are scopes that are cgroups n levels below the root */
  __u64 host;
  __u64 by_cgroup;
  __u64 by_domain;
  __u64 enforced;
  __u64 lenient;     /* policies that allow what could not be followed to the top */
  __u64 eperm;       /* policies that deny with EPERM; the others with EACCES */
  __u64 conditional; /* policies that govern but some processes of their scope: by these conditions */
  __u64 with_uids;
  __u64 with_gids;
  __u64 with_executables;
  struct operation_words operations[OPERATIONS];
  __u8 filter[FILTER_BYTES];
  char names[POLICIES][NAME_BYTES]; /* empty from the first bit on that no policy has */
};

/* The policies as they were written, in pieces. */
#define SOURCE_BYTES 4092

struct source_piece {
  __u32 bytes;
  __u8 text[SOURCE_BYTES];
};

enum scope_kind { SCOPE_CGROUP, SCOPE_DOMAIN };

/* A cgroup or a domain, to the word of the policies for it and for what is beneath it. */
struct scope_key {
  __u64 id;
  enum scope_kind kind;
  __u32 zero;
};

enum id_kind { ID_OF_USER, ID_OF_GROUP };

/* Ids with the same first bits, to the word of the policies that govern who has one of them. */
struct id_prefix {
  __u32 prefixlen; /* counts the bits of `kind` too */
  enum id_kind kind;
  __u8 id[4]; /* the highest byte first */
};

/* A file or directory, as the kernel numbers it inside, and what is done to it. */
struct anchor_key {
  __u64 inode;
  __u32 device;
  __u32 operation;
};

struct anchor {
  struct pair self;
  struct pair below;   /* it and what is beneath it */
  __u64 child_lengths; /* bit n: there are names of n bytes in it, of 63 or more for the last */
};

#define NAME_PIECE 32

/*
 * A name in a directory, existing or not. A long name is a chain: what follows a piece is found under the
 * number that the piece has, in place of the inode, with the device NAME_GOES_ON.
 */
struct name_key {
  struct anchor_key directory;
  __u8 piece[NAME_PIECE];
};

#define NAME_GOES_ON 0xffffffff

/* In place of the directory: names that are meant anywhere, and types of file systems. No device has this
 * number. */
#define NO_DEVICE 0
#define ANYWHERE 0
#define FILE_SYSTEMS 1

/* In place of the device, with a uid in place of the inode: what belongs to a user. */
#define OWNED_BY 0xfffffffe

struct name {
  struct pair self;
  struct pair below;
  __u64 next; /* 0: no longer name begins so */
};

/* What an object is, of which the kernel has a number. */
enum fact_kind {
  FACT_CAPABILITY,
  FACT_BPF_COMMAND,
  FACT_BPF_PROGRAM_TYPE,
  FACT_LOCKDOWN_REASON,
  FACT_TARGET_UID,
  FACT_TARGET_SCOPE, /* 1: inside the policy's scope; 0: outside */
};

/* Of types of mounts the rules are in `names`: in inode 0 of device 0, as names that are meant anywhere. */
struct fact_key {
  __u64 value;
  __u32 operation;
  enum fact_kind kind;
};

/*
 * A network, and what is done to it; `prefixlen` counts from `operation` on. Each network stands for those
 * that it lies in, too: what the nearest of all their rules say is in its set.
 */
struct address_key {
  __u32 prefixlen;
  __u8 operation;
  __u8 family;
  __u16 zero;
  __be32 address[4]; /* of IPv4 the first */
};

/* Families of struct address_key: an address of that sort which cannot be told, and one without rules. */
#define FAMILY_UNCLEAR_IP 0
#define FAMILY_UNCLEAR_UNIX 1
#define FAMILY_IPV4 4
#define FAMILY_IPV6 6
#define FAMILY_OTHER 255

enum transport { TRANSPORT_OTHER, TRANSPORT_TCP, TRANSPORT_UDP };

/* Ports of a set, for which the same rules are the nearest; no two of a set have a port in common. */
struct port_key {
  __u32 prefixlen;
  __u32 set;
  __u16 transport;
  __be16 port;
};

#define UNIX_NAME_BYTES 108

/* The abstract name of a unix socket, without the NUL that it begins with. */
struct unix_name_key {
  __u32 operation;
  __u32 length;
  __u8 name[UNIX_NAME_BYTES];
};

/* What socket(2) is asked for, or SOCKET_ANY; SOCKET_UNNAMED: a number that no rule can name. */
struct socket_key {
  __u16 family;
  __u16 type;
  __u16 protocol;
};

#define SOCKET_ANY 0xffff
#define SOCKET_UNNAMED 0xfffe

/* Who may change what is here: whoever has the highest turn, while that process lives. */
struct turn {
  __u32 pid;
  __u32 zero;
  __u64 started; /* in clock ticks since boot, as in /proc */
};

#define TURNS 4096

#define DOMAINS 15

/* The domains of a task: only ever more of them. */
struct membership {
  __u32 number; /* of the generation that `word` was looked up in; 0: of none */
  __u32 count;
  __u64 word;
  __u64 domains[DOMAINS];
};

/* A call that policies deny, or would deny if they were enforced. */
struct decision {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 denied;  /* by these policies of the generation */
  __u64 enforced;
  __u64 cgroup;
  __u64 inode;
  __u32 device;
  __u32 operation;
  __u32 generation;
  __u32 pid;
  __u32 tid;
  __u32 uid;
  __s32 result;
  char comm[16];
};

#endif
