import { BpfError } from '../errors.js';
import { type BpfObject, lsmHookIds, type ObjectShape, similarHooks } from '../object/index.js';
import { attachToHook, type HookOptions } from './attach-to-hook.js';
import type { Cgroup } from './cgroup.js';
import { type CgroupAttachment, livingAttachments } from './cgroup-attachment.js';
import { formsOf } from './hook-forms.js';

/**
 * An LSM hook, with the programs that this process has on it for cgroups, by whatever carries them.
 *
 * ```ts
 * const connect = new CgroupHook('socket_connect');
 * const attachment = await connect.add(object, 'deny_connect', cgroup);
 * connect.count(cgroup); // 1
 * connect.clear(cgroup);
 * ```
 *
 * It knows what {@link attachToHook} and {@link CgroupHook.add} attached in this thread and is not closed. What else is
 * on a cgroup, the kernel tells.
 */
export class CgroupHook {
  /** The hook's name, such as `socket_connect`. */
  readonly hook: string;

  /** @throws BpfError `ESRCH` when the running kernel has no such hook */
  constructor(hook: string) {
    if (!lsmHookIds().has(hook)) throw noHook(hook);
    this.hook = hook;
  }

  /**
   * Attaches a program of this hook to a cgroup; see {@link attachToHook}.
   *
   * @throws BpfError `ERR_BPF_ARGUMENT` for a program of another hook, and what {@link attachToHook} throws
   */
  async add<Shape extends ObjectShape>(
    object: BpfObject<Shape>,
    program: Shape['programs'],
    cgroup: Cgroup,
    options: HookOptions = {},
  ): Promise<CgroupAttachment> {
    const { hook } = await formsOf(object as object as BpfObject, program);
    if (hook === this.hook) return attachToHook(object, program, cgroup, options);
    throw new BpfError(`program "${program}" is for hook ${hook}, not for ${this.hook}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      program,
      hook,
    });
  }

  /**
   * Closes the attachment of a program to a cgroup.
   *
   * @returns whether there was one
   */
  remove<Shape extends ObjectShape>(
    object: BpfObject<Shape>,
    program: Shape['programs'],
    cgroup: Cgroup,
  ): boolean {
    const found = this.list(cgroup).find((attachment) => attachment.is(object, program, cgroup));
    found?.close();
    return found !== undefined;
  }

  /**
   * Closes all attachments to a cgroup, or to every cgroup.
   *
   * @returns how many there were
   */
  clear(cgroup?: Cgroup): number {
    const found = this.list(cgroup);
    for (const attachment of found) attachment.close();
    return found.length;
  }

  /** How many programs a cgroup itself has, without those of the cgroups above it; or how many all have. */
  count(cgroup?: Cgroup): number {
    return this.list(cgroup).length;
  }

  /** The attachments to a cgroup itself, or to every cgroup, in the order they were made. */
  list(cgroup?: Cgroup): CgroupAttachment[] {
    return livingAttachments().filter(
      (attachment) => attachment.hook === this.hook && (!cgroup || attachment.cgroup.id === cgroup.id),
    );
  }
}

function noHook(hook: string): BpfError {
  const similar = similarHooks(String(hook));
  return new BpfError(`this kernel has no LSM hook ${hook}`, {
    code: 'ESRCH',
    reason: 'kernel',
    hook: String(hook),
    hint: similar.length > 0 ? `it has ${similar.join(', ')}` : 'bpf-lsm hooks lists them',
  });
}
