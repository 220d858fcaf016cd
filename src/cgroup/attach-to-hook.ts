import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import { BpfObject, type ObjectShape } from '../object/index.js';
import { Cgroup } from './cgroup.js';
import { CgroupAttachment, livingAttachments } from './cgroup-attachment.js';
import { Gate } from './gate.js';
import type { CarrierName, Decider } from './hook-carriers.js';
import { formsOf, type HookForm, type HookProgram } from './hook-forms.js';

/** How to attach a program to a hook of a cgroup. */
export interface HookOptions {
  /** Whose cgroup has to decide. Default: whosever the carrier goes by that is wanted most. */
  decides?: Decider;
  /**
   * The only carrier to take: `gated_lsm` leaves the ten hooks of `lsm_cgroup/` programs to others. Default: the first
   * that works.
   */
  carrier?: CarrierName;
}

/**
 * Attaches a program to its LSM hook for a cgroup and all below it, by a carrier that works on this kernel: as it was
 * declared, and when ten hooks of the machine have `lsm_cgroup/` programs already, as a host-wide `lsm/` program with a
 * gate. Once this resolves, every call of the hook from that cgroup is judged.
 *
 * The program is one of these, by its name in the object:
 *
 * - what CGROUP_HOOK of `bpf_lsm/cgroup_hook.h` declares, or any `lsm_cgroup/` program (which has no other form);
 * - what CGROUP_SOCKET_HOOK declares;
 * - a program of an attach type that stands for a hook, such as `cgroup_skb/ingress` for `socket_sock_rcv_skb`.
 *
 * What it denies holds, and it takes nothing back: programs that run later in the cgroup or above it add their denials, and one
 * that may call bpf_set_retval(0) is refused. Attach such a program by its own `attach({ cgroup })`.
 *
 * Linux 6.0 (BPF_LSM_CGROUP); kernel/bpf/cgroup.c cgroup_bpf_link_attach().
 *
 * @param program - its name; of CGROUP_HOOK the name without `_gated`
 * @returns the attachment, which says what carries it and whose cgroup decides
 * @throws BpfError `EEXIST` when this program of this object is on this cgroup already; `ERR_BPF_NO_CARRIER` when none of
 *   its forms can carry the hook as asked; `ERR_BPF_NOT_GUARANTEED` for one that may take back what others deny; `E2BIG` for the 65th program on the hook of a cgroup; what
 *   {@link BpfObject.loadProgram} and `attach()` throw; `ERR_BPF_CGROUP_GONE`; `ERR_BPF_ARGUMENT`. Nothing is attached
 *   then.
 */
export async function attachToHook<Shape extends ObjectShape>(
  object: BpfObject<Shape>,
  program: Shape['programs'],
  cgroup: Cgroup,
  options: HookOptions = {},
): Promise<CgroupAttachment> {
  assertArguments(object, cgroup, options);
  const untyped = object as object as BpfObject;
  const found = await formsOf(untyped, program);
  return new Attempt(untyped, program, cgroup, found).make(options);
}

/** One call of {@link attachToHook}. */
class Attempt {
  readonly #object: BpfObject;
  readonly #program: string;
  readonly #cgroup: Cgroup;
  readonly #found: HookProgram;

  constructor(object: BpfObject, program: string, cgroup: Cgroup, found: HookProgram) {
    this.#object = object;
    this.#program = program;
    this.#cgroup = cgroup;
    this.#found = found;
  }

  async make(options: HookOptions): Promise<CgroupAttachment> {
    const forms = this.#formsFor(options);
    for (const form of forms.slice(0, -1)) {
      try {
        return await this.#by(form);
      } catch (error) {
        if (!isWithoutSlot(form, error)) throw error;
      }
    }
    return this.#by(forms.at(-1) as HookForm);
  }

  async #by(form: HookForm): Promise<CgroupAttachment> {
    const program = 'program' in form ? form.program : await form.load();
    // No other can come in between from here on.
    this.#assertNew();
    const { carrier } = form;
    const parts = { object: this.#object, program: this.#program, hook: this.#found.hook };
    if ('program' in form)
      return new CgroupAttachment({
        ...parts,
        cgroup: this.#cgroup,
        carrier,
        link: program.attach({ cgroup: this.#cgroup, guaranteed: true }),
      });
    const gate = Gate.of(program, form.gate);
    return new CgroupAttachment({
      ...parts,
      cgroup: this.#cgroup,
      carrier,
      gate,
      link: gate.admit(this.#cgroup),
    });
  }

  #formsFor({ decides, carrier }: HookOptions): readonly HookForm[] {
    const { forms } = this.#found;
    const fitting = forms.filter(
      (form) =>
        (decides === undefined || form.carrier.decides === decides) &&
        (carrier === undefined || form.carrier.name === carrier),
    );
    if (fitting.length > 0) return fitting;
    const has = forms.map((form) => `${form.carrier.name} by the ${form.carrier.decides}'s cgroup`);
    const wanted = [carrier, decides && `the ${decides}'s cgroup`].filter(Boolean).join(' by ');
    const declare = decides === 'socket' ? 'CGROUP_SOCKET_HOOK' : 'CGROUP_HOOK';
    throw this.#error(`cannot be carried by ${wanted}: it has ${has.join(' and ')}`, {
      code: 'ERR_BPF_NO_CARRIER',
      hint: `declare it with ${declare} of bpf_lsm/cgroup_hook.h`,
    });
  }

  #assertNew(): void {
    if (!livingAttachments().some((other) => other.is(this.#object, this.#program, this.#cgroup))) return;
    throw this.#error(`is on cgroup ${this.#cgroup} already`, {
      code: 'EEXIST',
      hint: 'close its attachment first, or load the object once more for a second one',
    });
  }

  #error(what: string, { code, hint }: { code: string; hint: string }): BpfError {
    return new BpfError(`program "${this.#program}" (hook ${this.#found.hook}) ${what}`, {
      code,
      reason: 'input',
      program: this.#program,
      hook: this.#found.hook,
      path: this.#cgroup.path,
      hint,
    });
  }
}

// kernel/bpf/cgroup.c bpf_cgroup_atype_find(): ten hooks have lsm_cgroup/ programs.
function isWithoutSlot({ carrier }: HookForm, error: unknown): boolean {
  return carrier.name === 'lsm_cgroup' && error instanceof BpfError && error.code === 'EINVAL';
}

function assertArguments(object: unknown, cgroup: unknown, options: unknown): void {
  assertOptions(options, 'attachToHook()');
  if (!(object instanceof BpfObject)) throw wrong('a loaded object', object);
  if (!(cgroup instanceof Cgroup)) throw wrong('a Cgroup', cgroup);
}

function wrong(wanted: string, value: unknown): BpfError {
  return new BpfError(`a program is attached to a hook with ${wanted}, not with ${describeValue(value)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}
