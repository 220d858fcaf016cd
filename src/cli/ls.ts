import { Argument, Command } from 'commander';
import {
  type BtfEntry,
  type Holder,
  type Inventory,
  inventory,
  type Kept,
  type LinkEntry,
  type MapEntry,
  type ProgramEntry,
} from '../governor/index.js';
import { paint, printJson, table } from './output.js';

interface Options {
  json?: boolean;
  pins?: boolean;
  holders?: boolean;
  hook?: string;
}

type Kind = 'programs' | 'maps' | 'links' | 'btf';

/** `bpf-lsm ls`: what there is on this machine. */
export function lsCommand(): Command {
  return new Command('ls')
    .description(
      'List the LSM programs of this machine by their hooks; or all programs, maps, links or BTF objects.',
    )
    .addArgument(
      new Argument('[kind]', 'what to list (default: LSM programs)').choices([
        'programs',
        'maps',
        'links',
        'btf',
      ]),
    )
    .option('--json', 'print JSON; without a kind, the whole inventory')
    .option('--pins', 'name the pins instead of counting them')
    .option('--holders', 'name the processes that have it open instead of counting them')
    .option('--hook <name>', 'only what concerns this LSM hook')
    .addHelpText(
      'after',
      `
Runs are counted while statistics are on: sysctl kernel.bpf_stats_enabled=1.
Needs CAP_SYS_ADMIN.

Exit status: 0, or 1 when the inventory could not be taken.`,
    )
    .action(async (kind: Kind | undefined, options: Options) => {
      const found = only(await inventory(), options.hook);
      if (options.json) printJson(kind ? found[kind] : found);
      else process.stdout.write(print(found, kind, options));
    });
}

/** What concerns one hook: its programs, their links, maps and BTF objects. */
function only(found: Inventory, hook: string | undefined): Inventory {
  if (hook === undefined) return found;
  const programs = found.programs.filter((program) => program.hook === hook);
  const mapIds = new Set(programs.flatMap((program) => program.mapIds));
  return {
    ...found,
    programs,
    maps: found.maps.filter(({ id }) => mapIds.has(id)),
    links: found.links.filter((link) => link.hook === hook),
    btf: found.btf.filter(({ id }) => programs.some(({ btfId }) => btfId === id)),
  };
}

function print(found: Inventory, kind: Kind | undefined, options: Options): string {
  const unreadable = found.unreadable
    .map(({ kind, id, code }) => paint('yellow', `${kind} ${id} may not be looked at: ${code}\n`))
    .join('');
  return sheetOf(found, kind, options) + unreadable;
}

function sheetOf(found: Inventory, kind: Kind | undefined, options: Options): string {
  switch (kind) {
    case undefined:
      return hooksSheet(found, options);
    case 'programs':
      return sheet(
        ['id', 'type', 'name', 'target', 'tag', 'uid', 'age', 'runs'],
        found.programs.map((program) => [programCells(program, found.time), program]),
        options,
      );
    case 'maps':
      return sheet(
        ['id', 'type', 'name', 'key', 'value', 'entries', 'programs'],
        found.maps.map((map) => [mapCells(map), map]),
        options,
      );
    case 'links':
      return sheet(
        ['id', 'type', 'attached to', 'program'],
        found.links.map((link) => [linkCells(link, found), link]),
        options,
      );
    case 'btf':
      return table(['id', 'name', 'bytes', 'programs', 'maps', 'open in'], found.btf.map(btfCells));
  }
}

function hooksSheet(found: Inventory, options: Options): string {
  const programs = found.programs.filter(({ type }) => type === 'lsm');
  if (programs.length === 0) return 'There are no LSM programs on this machine.\n';
  const byHook = [...programs].sort((a, b) => (a.hook ?? '').localeCompare(b.hook ?? '') || b.id - a.id);
  return sheet(
    ['hook', 'attached', 'id', 'name', 'tag', 'uid', 'age', 'runs'],
    byHook.map((program) => {
      const { hook = '?', id, name, tag, uid } = program;
      const links = found.links.filter(({ programId }) => programId === id);
      const age = duration(program, found.time);
      return [[hook, attachment(links), id, name, tag, uid, age, program.runCount].map(String), program];
    }),
    options,
  );
}

function attachment(links: readonly LinkEntry[]): string {
  if (links.length === 0) return paint('dim', 'no');
  return links.map((link) => (link.type === 'cgroup' ? cgroupOf(link) : 'everywhere')).join(', ');
}

function cgroupOf(link: LinkEntry & { type: 'cgroup' }): string {
  return link.cgroupPath ?? (link.defunct ? 'a cgroup that is gone' : `cgroup ${link.cgroupId}`);
}

function programCells(program: ProgramEntry, now: Date): string[] {
  const { id, type, name, hook, target = '', tag, uid, runCount } = program;
  return [id, type, name, hook ?? target, tag, uid, duration(program, now), runCount].map(String);
}

function mapCells({ id, type, name, keySize, valueSize, maxEntries, programIds }: MapEntry): string[] {
  return [id, type, name, keySize, valueSize, maxEntries, programIds.join(' ')].map(String);
}

function linkCells(link: LinkEntry, { programs }: Inventory): string[] {
  const program = programs.find(({ id }) => id === link.programId);
  const name = program ? `${link.programId} ${program.name}` : String(link.programId);
  return [String(link.id), link.type, attachedTo(link), name];
}

function attachedTo(link: LinkEntry): string {
  const target = 'target' in link ? (link.target ?? '') : '';
  if (link.type === 'cgroup') return [link.hook ?? link.attachType, cgroupOf(link)].join(' ');
  return link.hook ?? target;
}

function btfCells({ id, name = '', bytes, programIds, mapIds, holders }: BtfEntry): string[] {
  return [String(id), name, String(bytes), programIds.join(' '), mapIds.join(' '), processes(holders)];
}

/** A table with what keeps each object: counted, or named if asked for. */
function sheet(
  head: readonly string[],
  rows: readonly (readonly [cells: string[], kept: Kept])[],
  { pins, holders }: Options,
): string {
  return table(
    [...head, 'pins', 'open in'],
    rows.map(([cells, kept]) => [
      ...cells,
      pins ? kept.pins.join(' ') : count(kept.pins),
      holders ? processes(kept.holders) : count(kept.holders),
    ]),
  );
}

function count(list: readonly unknown[]): string {
  return list.length === 0 ? '' : String(list.length);
}

function processes(holders: readonly Holder[]): string {
  return holders.map(({ pid, comm }) => `${comm}(${pid})`).join(' ');
}

function duration({ loadTime }: ProgramEntry, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - loadTime.getTime()) / 1000));
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, 's'];
  return `${Math.floor(seconds / size)}${unit}`;
}

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
] as const;
