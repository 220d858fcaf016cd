import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import { type LinkHandle, native, type ProgramHandle } from '../native.js';
import { explainAttachFailure } from './attach-failure.js';
import type { AttachOptions, CgroupOrder, IterateOptions } from './attach-options.js';
import { attachToCgroup } from './cgroup-attach.js';
import { type CgroupTarget, withCgroup } from './cgroup-target.js';
import { assertConsulted, assertTraced } from './consulted.js';
import { AnyMap } from './maps/any-map.js';
import { attachTypeNumber, cgroupAttachTypes, hookOfProgram, type ProgramDetails } from './program-kind.js';

const CGROUP_ORDERS: readonly CgroupOrder[] = [
  'self_only',
  'descendants_pre',
  'descendants_post',
  'ancestors_up',
];

type OptionName = keyof AttachOptions;

/** One kind of attachment: which options it takes, and how it is made. */
interface Way {
  takes: readonly OptionName[];
  attach(program: ProgramHandle, details: ProgramDetails, options: AttachOptions): LinkHandle;
}

/**
 * Attaches a program in the way of its kind.
 *
 * @throws BpfError with the program, its hook and what to do
 */
export function attachProgram(
  program: ProgramHandle,
  details: ProgramDetails,
  options: AttachOptions,
): LinkHandle {
  assertOptions(options, 'attach()');
  const way = wayOf(details);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !way.takes.includes(name as OptionName)) throw unwanted(details, name);
  }
  try {
    return way.attach(program, details, options);
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.errno === undefined) throw cause;
    throw explainAttachFailure(program, details, options, cause);
  }
}

function wayOf(details: ProgramDetails): Way {
  const { type, attachType, section } = details;
  if (type === 'lsm') return attachType === 'lsm_cgroup' ? toLsmCgroup : toLsm;
  if (cgroupAttachTypes(type).length > 0) return toCgroup;
  if (type === 'tracing') return attachType === 'trace_iter' ? toIterator : toFunction;
  if (type === 'ext') return toReplacedFunction;
  if (type === 'raw_tracepoint' || type === 'raw_tracepoint_writable') return toRawTracepoint;
  if (type === 'tracepoint') return toTracepoint;
  if (type === 'kprobe' && /^k(ret)?probe(\/|$)/.test(section ?? '')) return toKprobe;
  throw notAttached(details);
}

const toLsm: Way = {
  takes: ['allowInactive', 'cookie'],
  attach(program, details, { allowInactive = false, cookie = 0n }) {
    assertConsulted(details.name, hookOfProgram(details) ?? 'its hook', allowInactive);
    return native().attachLsm(program, cookie);
  },
};

const ON_CGROUPS = ['cgroup', 'order', 'preorder', 'expectedRevision', 'guaranteed'] as const;

const toLsmCgroup: Way = {
  takes: ['allowInactive', ...ON_CGROUPS],
  attach(program, details, options) {
    const { allowInactive = false, cgroup } = options;
    assertConsulted(details.name, hookOfProgram(details) ?? 'its hook', allowInactive);
    const attachment = { program, details, attachType: 'lsm_cgroup' };
    return attachToCgroup(attachment, cgroupOf(details, cgroup), options);
  },
};

const toCgroup: Way = {
  takes: ['attachType', ...ON_CGROUPS],
  attach(program, details, options) {
    const attachType = chosenAttachType(details, options.attachType);
    return attachToCgroup({ program, details, attachType }, cgroupOf(details, options.cgroup), options);
  },
};

const toFunction: Way = {
  takes: ['allowInactive', 'cookie'],
  attach(program, details, { allowInactive = false, cookie = 0n }) {
    const { name, target = 'its function' } = details;
    // Where bpf is not an active LSM, nothing calls the functions that LSM programs are on.
    if (target.startsWith('bpf_lsm_')) assertConsulted(name, target, allowInactive);
    else assertTraced(name, target);
    if (details.attachType === undefined) return attachAsLoaded(program, cookie);
    if (details.attachType === 'trace_raw_tp') return native().attachRawTracepoint(program, '', cookie);
    return native().attachFunction(program, attachTypeNumber(details.attachType), cookie);
  },
};

const toReplacedFunction: Way = {
  takes: [],
  attach: (program) => native().attachFunction(program, 0, 0n),
};

const toRawTracepoint: Way = {
  takes: ['target', 'cookie'],
  attach(program, details, { target, cookie = 0n }) {
    return native().attachRawTracepoint(program, placeOf(details, target, 'sys_enter'), cookie);
  },
};

const toTracepoint: Way = {
  takes: ['target', 'cookie'],
  attach(program, details, { target, cookie = 0n }) {
    const place = placeOf(details, target, 'syscalls/sys_enter_openat');
    const [, category, name] = /^([\w-]+)\/([\w-]+)$/.exec(place) ?? [];
    if (category === undefined || name === undefined) {
      throw wrong(details, `attaches to a tracepoint, and ${describeValue(place)} is none`, PLACE_HINT);
    }
    return native().attachTracepoint(program, category, name, cookie);
  },
};

const toKprobe: Way = {
  takes: ['target', 'cookie'],
  attach(program, details, { target, cookie = 0n }) {
    const place = placeOf(details, target, 'do_unlinkat');
    const [, name, offset = '0'] = /^([\w.$]+)(?:\+(0x[\da-f]+|\d+))?$/i.exec(place) ?? [];
    if (name === undefined) {
      throw wrong(details, `attaches to a function, and ${describeValue(place)} is none`, PLACE_HINT);
    }
    const onReturn = details.section?.startsWith('kret') ?? false;
    return native().attachKprobe(program, name, Number(offset), onReturn, cookie);
  },
};

const toIterator: Way = {
  takes: ['iterate'],
  attach(program, details, { iterate }) {
    if (iterate === undefined) return native().attachIterator(program, {});
    assertOptions(iterate, 'iterate');
    if (!('cgroup' in iterate)) return native().attachIterator(program, iteratorTarget(details, iterate));
    const order = cgroupOrder(details, iterate.order);
    return withCgroup(iterate.cgroup, (cgroup) => native().attachIterator(program, { cgroup, order }));
  },
};

const PLACE_HINT =
  'use attach({ target }) with a place such as do_unlinkat+0x10 (kprobe) or syscalls/sys_enter_openat (tracepoint)';

/** A tracing program from a pin: the kernel knows how it attaches, and does not tell. */
function attachAsLoaded(program: ProgramHandle, cookie: bigint): LinkHandle {
  const attempts = [
    ...(cookie === 0n ? [() => native().attachRawTracepoint(program, '', 0n)] : []),
    ...(cookie === 0n ? [() => native().attachIterator(program, {})] : []),
    ...(cookie === 0n ? [] : FUNCTION_TYPES.map((type) => () => attachAs(program, type, cookie))),
  ];
  let refused: unknown;
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== 'EINVAL') throw error;
      refused = error;
    }
  }
  throw refused;
}

const FUNCTION_TYPES = ['trace_fentry', 'trace_fexit', 'modify_return'];

function attachAs(program: ProgramHandle, type: string, cookie: bigint): LinkHandle {
  return native().attachFunction(program, attachTypeNumber(type), cookie);
}

/** What a cgroup program was loaded for; where the kernel leaves it open, what `attach()` was told. */
function chosenAttachType(details: ProgramDetails, told: string | undefined): string {
  const possible = cgroupAttachTypes(details.type);
  if (told !== undefined && !possible.includes(told)) {
    throw wrong(details, `cannot be attached as ${describeValue(told)}`, `use ${possible.join(' or ')}`);
  }
  // The kernel takes a cgroup_skb program for either direction, whatever it was loaded for.
  const known = details.type === 'cgroup_skb' && told !== undefined ? told : details.attachType;
  const chosen = known ?? told;
  if (chosen === undefined) {
    const hint = `pass attach({ cgroup, attachType }) with ${possible.join(' or ')}`;
    throw wrong(details, 'does not tell how it attaches to a cgroup', hint);
  }
  if (told === undefined || told === chosen) return chosen;
  throw wrong(details, `was loaded to be attached as ${chosen}, not as ${told}`);
}

function cgroupOf(details: ProgramDetails, cgroup: string | CgroupTarget | undefined): string | CgroupTarget {
  if (cgroup !== undefined) return cgroup;
  throw wrong(details, 'attaches to a cgroup', 'pass attach({ cgroup: path })');
}

function placeOf(details: ProgramDetails, told: string | undefined, example: string): string {
  const place = told ?? details.target;
  if (typeof place === 'string' && place !== '') return place;
  throw wrong(details, 'does not tell where it attaches', `pass attach({ target: '${example}' })`);
}

function iteratorTarget(details: ProgramDetails, iterate: IterateOptions): object {
  if ('map' in iterate) {
    if (iterate.map instanceof AnyMap) return { map: iterate.map.handle };
    throw wrong(details, `iterates over a map, not over ${describeValue(iterate.map)}`);
  }
  return iterate;
}

function cgroupOrder(details: ProgramDetails, order: CgroupOrder = 'descendants_pre'): number {
  const index = CGROUP_ORDERS.indexOf(order);
  if (index >= 0) return index + 1;
  throw wrong(
    details,
    `cannot iterate in the order ${describeValue(order)}`,
    `use ${CGROUP_ORDERS.join(' or ')}`,
  );
}

function unwanted(details: ProgramDetails, option: string): BpfError {
  const kind = details.section ?? `of type ${details.type}`;
  const hint =
    option === 'cgroup' && details.type === 'lsm' ? 'use a program in a section lsm_cgroup/...' : undefined;
  return wrong(details, `(${kind}) takes no ${option}`, hint);
}

function notAttached(details: ProgramDetails): BpfError {
  const { type, section, name } = details;
  const fields = { code: 'ERR_BPF_NOT_SUPPORTED', program: name } as const;
  if (type === 'syscall') {
    return new BpfError(`program "${name}" is not attached to anything: a syscall program is run`, {
      ...fields,
      reason: 'input',
      hint: 'call run()',
    });
  }
  if (type === 'kprobe' && section === undefined) {
    return new BpfError(
      `program "${name}" was opened from a pin, which does not tell whether it is a kprobe or a kretprobe`,
      { ...fields, reason: 'kernel', hint: 'load it from its object file, or pin its link instead' },
    );
  }
  return new BpfError(`programs like "${name}" (${section ?? type}) are not attached by this library`, {
    ...fields,
    reason: 'input',
  });
}

function wrong(details: ProgramDetails, what: string, hint?: string): BpfError {
  return new BpfError(`program "${details.name}" ${what}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    program: details.name,
    hook: hookOfProgram(details),
    hint,
  });
}
