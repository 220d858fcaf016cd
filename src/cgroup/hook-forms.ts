import { BpfError } from '../errors.js';
import type { BpfMap, BpfObject, BpfProgram } from '../object/index.js';
import {
  type CgroupCarrier,
  carriersOf,
  type HookCarrier,
  hookOfCarrier,
  isCalledWithoutTask,
  isCgroupCarrier,
} from './hook-carriers.js';

/** The kernel asks it for the cgroups it is attached to. */
export interface AttachedForm {
  carrier: Extract<HookCarrier, { name: 'lsm_cgroup' | CgroupCarrier }>;
  program: BpfProgram;
}

/** The kernel asks it for all, and it asks its gate. */
export interface GatedForm {
  carrier: Extract<HookCarrier, { name: 'gated_lsm' }>;
  /** Gives the program, after loading it if it is not loaded yet. */
  load(): Promise<BpfProgram>;
  gate: BpfMap<bigint, number>;
}

/** One of the ways in which an object can carry a program, as bpf_lsm/cgroup_hook.h makes them. */
export type HookForm = AttachedForm | GatedForm;

/** A program of an object with the hook it is for and the forms it has, the one wanted most first. */
export interface HookProgram {
  hook: string;
  forms: readonly HookForm[];
}

/**
 * Finds the forms of a program. Those that would go by whichever task is current are left out.
 *
 * @throws BpfError `ERR_BPF_UNKNOWN_NAME`, `ERR_BPF_NO_CARRIER` when none is left
 */
export async function formsOf(object: BpfObject, name: string): Promise<HookProgram> {
  const gated = gatedForm(object, `${name}_gated`, `${name}_gate`, 'task');
  const forms = [...formsOfOwnName(object, name, gated !== undefined), ...(gated ? [gated] : [])];
  const [first] = forms;
  if (first === undefined) throw noForm(object.programs[name] as BpfProgram);
  const hook = await hookOfForm(first);
  if (!isCalledWithoutTask(hook)) return { hook, forms };
  const bySocket = forms.filter(({ carrier }) => carrier.decides === 'socket');
  if (bySocket.length > 0) return { hook, forms: bySocket };
  throw calledWithoutTask(name, hook);
}

/** The form that has the program's very name. */
function formsOfOwnName(object: BpfObject, name: string, hasAnother: boolean): HookForm[] {
  // The kernel may have refused it, or it was left out, and another form is there.
  if (hasAnother && object.report[name]?.state !== 'loaded') return [];
  const program = object.programs[name] as BpfProgram;
  const { attachType } = program;
  if (attachType === 'lsm_cgroup') return [{ carrier: { name: attachType, decides: 'task' }, program }];
  if (isCgroupCarrier(attachType)) return [{ carrier: { name: attachType, decides: 'socket' }, program }];
  const gated = gatedForm(object, name, `${name}_socket_gate`, 'socket');
  return gated ? [gated] : [];
}

function gatedForm(
  object: BpfObject,
  name: string,
  gate: string,
  decides: GatedForm['carrier']['decides'],
): GatedForm | undefined {
  if (!(name in object.report && gate in object.maps)) return undefined;
  return {
    carrier: { name: 'gated_lsm', decides },
    load: () => object.loadProgram(name),
    gate: object.maps[gate] as BpfMap as BpfMap<bigint, number>,
  };
}

async function hookOfForm(form: HookForm): Promise<string> {
  const { name } = form.carrier;
  if (isCgroupCarrier(name)) return hookOfCarrier(name);
  const program = 'program' in form ? form.program : await form.load();
  return program.hook ?? '';
}

function noForm(program: BpfProgram): BpfError {
  const { name, section = 'of no section', hook, attachType } = program;
  const why =
    attachType === 'lsm_mac'
      ? 'is asked for every task of the machine, and has no gate'
      : 'stands for no LSM hook';
  return new BpfError(
    `program "${name}" (${section}) cannot be attached to the hook of a cgroup: it ${why}`,
    {
      code: 'ERR_BPF_NO_CARRIER',
      reason: 'input',
      program: name,
      hook,
      hint:
        attachType === 'lsm_mac'
          ? 'declare it with CGROUP_HOOK or CGROUP_SOCKET_HOOK of bpf_lsm/cgroup_hook.h'
          : 'use attach({ cgroup }) of the program',
    },
  );
}

function calledWithoutTask(program: string, hook: string): BpfError {
  const others = carriersOf(hook);
  const instead = others.length > 0 ? `an ${others.join(' or ')} program, or ` : '';
  return new BpfError(
    `program "${program}" cannot be attached to hook ${hook} by the task's cgroup: the kernel calls this hook while any task may be current`,
    {
      code: 'ERR_BPF_NO_CARRIER',
      reason: 'kernel',
      program,
      hook,
      hint: `use ${instead}CGROUP_SOCKET_HOOK of bpf_lsm/cgroup_hook.h where the hook has a socket`,
    },
  );
}
