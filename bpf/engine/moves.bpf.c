// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * New names for what exists: links and renames. The old and the new name are judged, and that nothing is
 * denied under the old one only: else a new name would be the way around what protects a directory.
 */
#include <bpf_lsm/program.h>

#include "inquiry.h"
#include "object.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

/* include/uapi/linux/fs.h: rename(2) makes the two change places. */
#define RENAME_EXCHANGE (1 << 1)

/* Which name, and which inode there: its own, that of what is moved, or none. */
enum place { OLD_NAME, NEW_NAME, NEW_FILE, REPLACED_FILE, NEW_NAME_FOR_OLD_FILE };

enum use { NOTHING, JUDGE, REMEMBER, COMPARE };

struct step {
  enum place place;
  enum use use;
  enum operation renamed, linked;
};

/* No policy is about it. */
#define NO_OPERATION (OPERATIONS - 1)

/*
 * What both kinds of moves are judged for, one after the other: a loop, of which the verifier checks one
 * round. A link leaves the old name where it is, and replaces nothing. A power of two, by which the index is
 * bounded, and the rest nothing; volatile, or clang puts it into a section that libbpf 1.1 does not know.
 */
#define STEPS 64
#define PROTECTED(operation)                             \
  {OLD_NAME, REMEMBER, operation, operation}, {          \
    NEW_NAME_FOR_OLD_FILE, COMPARE, operation, operation \
  }

static const volatile struct step STEP[STEPS] = {
    {OLD_NAME, JUDGE, OPERATION_RENAME, OPERATION_LINK},
    {NEW_NAME, JUDGE, OPERATION_RENAME, OPERATION_LINK},
    {NEW_FILE, JUDGE, OPERATION_CREATE, OPERATION_CREATE},
    {OLD_NAME, JUDGE, OPERATION_REMOVE, NO_OPERATION},
    {REPLACED_FILE, JUDGE, OPERATION_REMOVE, NO_OPERATION},
    PROTECTED(OPERATION_READ),
    PROTECTED(OPERATION_WRITE),
    PROTECTED(OPERATION_APPEND),
    PROTECTED(OPERATION_EXEC),
    PROTECTED(OPERATION_MAP_EXEC),
    PROTECTED(OPERATION_REMOVE),
    PROTECTED(OPERATION_RENAME),
    PROTECTED(OPERATION_TRUNCATE),
    PROTECTED(OPERATION_CHMOD),
    PROTECTED(OPERATION_CHOWN),
    PROTECTED(OPERATION_XATTR),
    PROTECTED(OPERATION_ACL),
    PROTECTED(OPERATION_IOCTL),
    PROTECTED(OPERATION_EXEC_INTERPRETER),
    PROTECTED(OPERATION_LINK),
    PROTECTED(OPERATION_MOUNT_ON),
};

struct move {
  struct inquiry inquiry;
  struct dentry* from;
  struct dentry* to;
  __u64 denied_before; /* under the old name */
  __u64 concluded;     /* policies of which it is said already that they deny the move */
};

/*
 * The step is read anew wherever it is asked for, so that the verifier forgets what it was told of it, and
 * does not go on with each kind of step apart.
 */
static __always_inline long judge_step(__u32 index, struct move* move, enum operation operation) {
  const volatile struct step* step = &STEP[index % STEPS];
  struct inquiry* inquiry = &move->inquiry;
  struct dentry* dentry;
  struct inode* inode;
  struct call call;
  __u64 denied;

  /* An exchange is a move in both directions. */
  if (index == STEPS) {
    struct dentry* from = move->from;

    move->from = move->to;
    move->to = from;
  }
  if (step->use == NOTHING || (step->use == COMPARE && move->denied_before == 0)) return 0;
  dentry = step->place == OLD_NAME ? move->from : move->to;
  inode = dentry->d_inode;
  if (step->place == REPLACED_FILE && !inode) return 0;
  if (step->place == NEW_FILE) inode = NULL;
  if (step->place == NEW_NAME_FOR_OLD_FILE) inode = move->from->d_inode;
  inquiry->dentry = (__u64)dentry;
  inquiry->device = dentry->d_sb->s_dev;
  inquiry->inode = inode ? inode->i_ino : 0;
  inquiry->inode_at = (__u64)inode;
  inquiry->operation = operation == OPERATION_LINK ? step->linked : step->renamed;
  inquire(inquiry);
  denied = inquiry->denied;
  if (step->use == REMEMBER) {
    move->denied_before = denied;
    return 0;
  }
  if (step->use == COMPARE) {
    denied = move->denied_before & ~denied;
    inquiry->operation = operation;
  }
  if (inquiry->operation == operation) {
    denied &= ~move->concluded;
    move->concluded |= denied;
  }
  call.slot = inquiry->slot;
  call.generation = generation_in(call.slot);
  if (denied == 0 || !call.generation) return 0;
  inquiry->result = conclude(&call, inquiry->operation, denied, inquiry->device, inquiry->inode);
  return inquiry->result != 0;
}

static long judge_step_of_link(__u32 index, struct move* move) {
  return judge_step(index, move, OPERATION_LINK);
}

static long judge_step_of_rename(__u32 index, struct move* move) {
  return judge_step(index, move, OPERATION_RENAME);
}

static __always_inline int judge_move(long (*judge_step)(__u32, struct move*), struct vfsmount* mnt,
                                      struct dentry* from, struct dentry* to, __u32 steps) {
  struct move move = {.from = from, .to = to};
  struct call call;
  __u64 operations = BIT(OPERATION_LINK);

  for (__u32 i = 0; i < STEPS; i++) operations |= BIT(STEP[i].renamed % OPERATIONS);
  if (!begins(&call, operations)) return 0;
  /*
   * Linux 6.1 checks what bpf_loop() calls once, with the values of the first round, and drops what these do
   * not lead to. What a function was given it takes for unknown.
   */
  inquire(&move.inquiry);
  /* The mount is that of both, or the kernel answers EXDEV. */
  move.inquiry.mount = (__u64)mount_of(mnt);
  move.inquiry.slot = call.slot;
  move.inquiry.policies = call.policies;
  move.inquiry.result = 0;
  bpf_loop(steps, judge_step, &move, 0);
  return move.inquiry.result;
}

LSM_PROGRAM(path_link, judge_hard_link, struct dentry* from, const struct path* directory,
            struct dentry* to) {
  int result = judge_move(judge_step_of_link, directory->mnt, from, to, STEPS);

  return result ? lsm_deny(-result) : LSM_ALLOW;
}

LSM_PROGRAM(path_rename, judge_rename, const struct path* from_directory, struct dentry* from,
            const struct path* to_directory, struct dentry* to, unsigned int flags) {
  __u32 steps = flags & RENAME_EXCHANGE ? 2 * STEPS : STEPS;
  int result = judge_move(judge_step_of_rename, from_directory->mnt, from, to, steps);

  return result ? lsm_deny(-result) : LSM_ALLOW;
}
