import { BpfError } from '../errors.js';
import { type NativeMapSpec, type NativeOpenOptions, native, type ObjectHandle } from '../native.js';
import { explainLoadFailure } from './load-failure/explain.js';
import { unknownName } from './named.js';
import type { EditedProgram } from './open-program.js';
import { BpfProgram } from './program.js';
import type { ProgramReport } from './program-report.js';

/** What load() works on. */
export interface LoadPlan {
  name: string;
  elf: Uint8Array;
  options: NativeOpenOptions;
  object: ObjectHandle;
  maps: readonly NativeMapSpec[];
  programs: ReadonlyMap<string, EditedProgram>;
  /** Groups of programs of which one is to be loaded, the first that the kernel takes. */
  alternatives: readonly (readonly string[])[];
}

/**
 * Creates the maps and loads the programs.
 *
 * libbpf loads an object as a whole or not at all. So the object is loaded with those programs that must be there;
 * each one that may be missing is loaded by an object of its own, opened from the same file, which shares the maps of
 * the first. In this way the verifier sees each program once, whatever becomes of the others.
 *
 * @throws BpfError for the first program that must be there and is refused; nothing stays loaded then
 */
export async function loadPrograms(plan: LoadPlan): Promise<Map<string, ProgramReport>> {
  const { object, programs, alternatives } = plan;
  const loading = [...programs.values()].filter(({ autoload }) => autoload);
  for (const program of loading) program.assertSound();
  const apart = new Set(alternatives.flat());
  const together = loading.filter(({ name, optional }) => !optional && !apart.has(name));
  for (const { name } of loading.filter((program) => !together.includes(program))) {
    native().objectSetAutoload(object, name, false);
  }
  for (const program of together) program.tell(object);
  const reports = new Map<string, ProgramReport>();
  try {
    await explained(plan, together, native().objectLoad(object));
    for (const program of together) {
      const loaded = new BpfProgram(native().objectProgram(object, program.name), program.details);
      reports.set(program.name, { state: 'loaded', program: loaded });
    }
    for (const program of loading.filter(({ name, optional }) => optional && !apart.has(name))) {
      reports.set(program.name, await attempt(plan, program));
    }
    for (const group of alternatives) await loadOneOf(plan, group, reports);
  } catch (error) {
    for (const report of reports.values()) if (report.state === 'loaded') report.program.close();
    throw error;
  }
  return new Map([...programs.keys()].map((name) => [name, reports.get(name) ?? { state: 'off' }]));
}

/**
 * Loads a program that was left out before, with the maps of the object.
 *
 * @throws BpfError with the reason when the kernel refuses it
 */
export async function loadLater(plan: LoadPlan, name: string): Promise<BpfProgram> {
  const program = plan.programs.get(name);
  if (!program) throw unknownName(`object "${plan.name}"`, 'program', name, [...plan.programs.keys()]);
  program.assertSound();
  try {
    return await loadApart(plan, program);
  } catch (error) {
    throw error instanceof BpfError && needsAll(error) ? progArrayNeedsAll(name, error) : error;
  }
}

async function loadOneOf(
  plan: LoadPlan,
  group: readonly string[],
  reports: Map<string, ProgramReport>,
): Promise<void> {
  const refused = new Map<string, BpfError>();
  let chosen: string | undefined;
  for (const name of group) {
    const program = plan.programs.get(name);
    if (!program?.autoload) continue;
    if (chosen !== undefined) {
      reports.set(name, { state: 'spare', instead: chosen });
      continue;
    }
    const report = await attempt(plan, program);
    reports.set(name, report);
    if (report.state === 'loaded') chosen = name;
    if (report.state === 'refused') refused.set(name, report.error);
  }
  if (chosen === undefined) throw noneOf(plan.name, group, refused);
  for (const [name, error] of refused) reports.set(name, { state: 'refused', error, instead: chosen });
}

async function attempt(plan: LoadPlan, program: EditedProgram): Promise<ProgramReport> {
  try {
    return { state: 'loaded', program: await loadApart(plan, program) };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    if (needsAll(error)) throw progArrayNeedsAll(program.name, error);
    if (!isRefusal(error)) throw error;
    return { state: 'refused', error, instead: undefined };
  }
}

/** Loads one program by itself, with the maps of the object that is loaded already. */
async function loadApart(plan: LoadPlan, program: EditedProgram): Promise<BpfProgram> {
  const object = native().objectOpen(plan.elf, plan.options);
  try {
    for (const name of plan.programs.keys()) {
      native().objectSetAutoload(object, name, name === program.name);
    }
    program.tell(object);
    native().objectShareMaps(object, plan.object);
    await explained(plan, [program], native().objectLoad(object));
    return new BpfProgram(native().objectProgram(object, program.name), program.details);
  } finally {
    native().objectClose(object);
  }
}

async function explained(
  { name, maps }: LoadPlan,
  loading: readonly EditedProgram[],
  load: Promise<void>,
): Promise<void> {
  try {
    await load;
  } catch (cause) {
    const programs = loading.map(({ spec }) => ({ ...spec, autoload: true }));
    throw cause instanceof BpfError ? explainLoadFailure({ name, programs, maps }, cause) : cause;
  }
}

// libbpf fills a prog array with the programs that its declaration names, and fails where one is not loaded.
function needsAll({ libbpfLog }: BpfError): boolean {
  return /failed to initialize slot/.test(libbpfLog ?? '');
}

function progArrayNeedsAll(program: string, cause: BpfError): BpfError {
  return new BpfError(
    `program "${program}" cannot be optional, an alternative or loaded later: a prog array of the object is declared with programs in it`,
    {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      program,
      libbpfLog: cause.libbpfLog,
      hint: 'declare the prog array empty, and set its elements after load()',
      cause,
    },
  );
}

// Not the kernel's answer to this program, but to whoever asks, or to a machine that is out of something.
const NO_REFUSALS: ReadonlySet<string> = new Set(['ENOMEM', 'EMFILE', 'ENFILE', 'EAGAIN', 'EINTR']);

function isRefusal(error: BpfError): boolean {
  return error.reason !== 'permission' && !NO_REFUSALS.has(error.code);
}

function noneOf(object: string, group: readonly string[], refused: ReadonlyMap<string, BpfError>): BpfError {
  const reasons = [...refused.values()].map(({ message }) => message).join('; ');
  const [last] = [...refused].reverse();
  const why = reasons || 'the autoload of all of them is off';
  const fields = last ? { code: last[1].code, errno: last[1].errno, reason: last[1].reason } : STATE;
  return new BpfError(
    `none of the alternatives ${group.join(', ')} of object "${object}" can be loaded: ${why}`,
    {
      ...fields,
      ...(last && { syscall: last[1].syscall, program: last[0], hook: last[1].hook }),
      verifierLog: last?.[1].verifierLog,
      libbpfLog: last?.[1].libbpfLog,
      cause: last?.[1],
    },
  );
}

const STATE = { code: 'ERR_BPF_STATE', errno: undefined, reason: 'input' } as const;
