// Compiled, never run: what is marked must not compile, all else must.

import type { ExecCount } from '../../examples/types/exec_count.js';
import { type BpfError, BpfObject, type BpfProgram, type Link, type LinkInfo } from '../../src/index.js';

interface Two {
  programs: 'fast' | 'plain';
  maps: { counts: { key: number; value: bigint } };
  globals: object;
}

export async function reports(): Promise<void> {
  const open = BpfObject.open<Two>('two.bpf.o');
  open.programs.fast.optional = true;
  // @ts-expect-error: an option is on or off
  open.programs.fast.optional = 'yes';
  open.alternatives('fast', 'plain');
  // @ts-expect-error: one program has no alternative
  open.alternatives('fast');
  // @ts-expect-error: no such program
  open.alternatives('fast', 'plian');

  const object = await open.load();
  const { fast } = object.report;
  // @ts-expect-error: it may not be loaded
  fast.program.attach();
  // @ts-expect-error: it may not be refused
  fast.error.message.trim();
  if (fast.state === 'loaded') fast.program.attach();
  if (fast.state === 'refused') {
    const { error, instead }: { error: BpfError; instead: string | undefined } = fast;
    error.verifierLog?.split(instead ?? '\n');
    // @ts-expect-error: what is refused has no program
    fast.program.attach();
  }
  if (fast.state === 'spare') fast.instead.trim();
  // @ts-expect-error: no such program
  object.report.fats.state.trim();
  const chosen: BpfProgram = object.chosen('fast', 'plain');
  chosen.attach();
  // @ts-expect-error: no such program
  object.chosen('fast', 'plian');
}

export async function targets(): Promise<void> {
  const open = BpfObject.open<ExecCount>('exec_count.bpf.o');
  const { count_exec: program } = open.programs;
  program.attachTarget = 'file_open';
  program.expectedAttachType = 'lsm_mac';
  const other = await BpfObject.open<Two>('two.bpf.o').load();
  program.attachTarget = { program: other.programs.fast, function: 'decide' };
  // @ts-expect-error: a program that is loaded, not its name
  program.attachTarget = { program: 'fast' };
  // @ts-expect-error: the section says whether it may sleep
  program.sleepable = true;
  // @ts-expect-error: before load, nothing can be attached
  program.attach();
}

export function attachments(program: BpfProgram, object: BpfObject<Two>): void {
  program.attach({ cookie: 5n });
  program.attach({ cgroup: '/sys/fs/cgroup' });
  program.attach({ iterate: { map: object.maps.counts } });
  program.attach({ iterate: { cgroup: '/sys/fs/cgroup', order: 'self_only' } });
  // @ts-expect-error: cookies have 64 bits
  program.attach({ cookie: 5 });
  // @ts-expect-error: no such order
  program.attach({ iterate: { cgroup: '/sys/fs/cgroup', order: 'sideways' } });
  // @ts-expect-error: one thing at a time
  program.attach({ iterate: {} });
}

export function infos(info: LinkInfo): void {
  // @ts-expect-error: not every link is on a cgroup
  info.cgroupId.toString();
  if (info.type === 'cgroup') info.cgroupId.toString();
  if (info.type === 'tracing') info.target?.trim();
  if (info.type === 'iter') info.mapId?.toFixed();
  if (info.type === 'perf_event') info.event?.trim();
  // @ts-expect-error: no such type of link
  if (info.type === 'tracign') info.id.toFixed();
}

export async function replacing(link: Link, program: BpfProgram): Promise<void> {
  const next: Link = await link.replace(program, { verify: () => true });
  await next.replace(program, { verify: async () => true, cookie: 5n });
  await next.replace(program, { trigger: () => undefined });
  // @ts-expect-error: it must be shown to run
  await next.replace(program, {});
  // @ts-expect-error: in one of two ways
  await next.replace(program, { verify: () => true, trigger: () => undefined });
  // @ts-expect-error: a check that says nothing has checked nothing
  await next.replace(program, { verify: () => undefined });
  next.update(program, { expectedOld: program });
  // @ts-expect-error: a program, not its id
  next.update(5);
}
