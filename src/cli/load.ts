import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { RingBuffer } from '../events/index.js';
import { type AnyMap, BpfObject, type BpfProgram, type Link, type UntypedMap } from '../object/index.js';
import { splitSetting, valueFromText } from './global-values.js';
import { jsonText, paint, printJsonLine } from './output.js';

interface Options {
  set: string[];
  program: string[];
  events: string[];
  cgroup?: string;
  pin?: string;
  json?: boolean;
}

/** `bpf-lsm load`: an object loaded and attached, until Ctrl-C or for good. */
export function loadCommand(): Command {
  return new Command('load')
    .description('Load an object file and attach its programs: until Ctrl-C, or pinned, for good.')
    .argument('<object>', 'the object file, such as guard.bpf.o')
    .option('--set <name=value>', 'set a global variable before loading; may be repeated', collect, [])
    .option('--program <name>', 'attach only this program; may be repeated', collect, [])
    .option('--cgroup <path>', 'the cgroup v2 directory for programs that attach to one')
    .option(
      '--events <map>',
      'print the records of this ring buffer as they come; may be repeated',
      collect,
      [],
    )
    .option('--pin <directory>', 'pin maps and links below this directory of a bpffs, and end')
    .option('--json', 'print one JSON object per line')
    .addHelpText(
      'after',
      `
Values of --set are typed by the object: numbers in decimal or 0x, true or false, text, the names of enums; structs and
arrays as JSON. Records that a ring had no room for are counted, if the object declares <map>_dropped.

With --pin the programs stay attached when the command has ended, until their links in <directory>/links are removed.

Exit status: 0 when it was ended by Ctrl-C or SIGTERM, or has pinned everything; 1 when something failed, in which case
nothing stays attached.`,
    )
    .action(load);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

async function load(path: string, options: Options): Promise<void> {
  const say = options.json ? sayJson : sayText;
  const open = BpfObject.open(path);
  for (const { name, value } of options.set.map(splitSetting)) {
    open.globals[name] = valueFromText(name, value, open.globals[name]);
  }
  const object = await open.load();
  const rings = options.events.map((name) => openRing(object, name));
  const programs = attachable(object, options.program);
  say({ event: 'loaded', object: object.name, programs: Object.keys(object.programs) });
  const links: [program: BpfProgram, link: Link][] = [];
  for (const program of programs) {
    const link = program.attach(options.cgroup === undefined ? {} : { cgroup: options.cgroup });
    links.push([program, link]);
    const { name, hook = program.section } = program;
    say({ event: 'attached', program: name, to: hook, link: link.id });
  }
  if (options.pin !== undefined) {
    for (const pin of pinAll(object, links, options.pin)) say({ event: 'pinned', ...pin });
  } else {
    await untilStopped(rings, say);
  }
  for (const { ring } of rings) ring.close();
  for (const [, link] of links) link.close();
  object.close();
}

/** The programs that were named, or all that attach by themselves. */
function attachable({ programs }: BpfObject, named: readonly string[]): BpfProgram[] {
  if (named.length > 0) return named.map((name) => programs[name] as BpfProgram);
  return Object.values(programs).filter(({ type, section = '' }) =>
    type === 'tracing' ? !section.startsWith('iter') : !/^(syscall|ext|struct_ops|socket_filter)$/.test(type),
  );
}

/** Pins maps and links; if one cannot be, none is. */
function pinAll(
  { maps }: BpfObject,
  links: readonly [BpfProgram, Link][],
  directory: string,
): { name: string; path: string }[] {
  const pins: { name: string; path: string }[] = [];
  const pin = (name: string, path: string, call: (path: string) => void) => {
    call(path);
    pins.push({ name, path });
  };
  try {
    for (const [name, map] of Object.entries<AnyMap>(maps)) {
      // The kernel takes no dots in names; `.bss` and its like live as long as the programs do.
      if (!name.startsWith('.')) pin(name, join(directory, 'maps', name), (path) => map.pin(path));
    }
    for (const [{ name }, link] of links) pin(name, join(directory, 'links', name), (path) => link.pin(path));
  } catch (error) {
    for (const { path } of pins) unlinkSync(path);
    throw error;
  }
  return pins;
}

interface NamedRing {
  name: string;
  ring: RingBuffer;
}

function openRing({ maps }: BpfObject, name: string): NamedRing {
  const dropped = Object.keys(maps).includes(`${name}_dropped`) ? maps[`${name}_dropped`] : undefined;
  return { name, ring: new RingBuffer(maps[name] as UntypedMap, dropped && { dropped }) };
}

/** Prints records until SIGINT or SIGTERM, and then what became of all. */
async function untilStopped(rings: readonly NamedRing[], say: (line: Line) => void): Promise<void> {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    // A timer keeps the process alive, since links do not.
    const alive = setInterval(() => undefined, 2 ** 30);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(alive);
        stop.abort();
        resolve();
      });
    }
  });
  const printing = Promise.all(rings.map((ring) => print(ring, stop.signal, say)));
  await Promise.race([stopped, printing.then(() => stopped)]);
  await printing;
  for (const { name, ring } of rings) {
    for (const record of ring.read()) say({ event: 'record', map: name, record });
    const { delivered, dropped } = ring.stats();
    say({ event: 'ended', map: name, delivered, ...(dropped !== undefined && { dropped }) });
  }
}

async function print(
  { name, ring }: NamedRing,
  signal: AbortSignal,
  say: (line: Line) => void,
): Promise<void> {
  try {
    for await (const record of ring.events({ signal })) say({ event: 'record', map: name, record });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type Line = Record<string, unknown> & { event: 'loaded' | 'attached' | 'pinned' | 'record' | 'ended' };

function sayJson(line: Line): void {
  printJsonLine(line);
}

function sayText({ event, ...facts }: Line): void {
  const text =
    event === 'record'
      ? `${paint('cyan', String(facts.map))} ${fieldsOf(facts.record)}`
      : `${paint('dim', event)} ${fieldsOf(facts)}`;
  process.stdout.write(`${text}\n`);
}

/** `pid=17 comm="cat"`, or the value itself if it has no fields. */
function fieldsOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return jsonText(value);
  return Object.entries(value)
    .map(
      ([name, field]) =>
        `${name}=${typeof field === 'string' && /^[\w./-]+$/.test(field) ? field : jsonText(field)}`,
    )
    .join(' ');
}
