import { Command } from 'commander';
import { type AttachedList, type AttachedProgram, type AttachedTree, Cgroup } from '../cgroup/index.js';
import { paint, printJson } from './output.js';

interface Options {
  json?: boolean;
  effective?: boolean;
  all?: boolean;
  weaknesses?: boolean;
  hook?: string;
}

/** A cgroup, as `--json` prints it. */
interface Printed {
  path: string;
  id: bigint;
  lists: AttachedList[];
  weaknesses?: string[];
  children: Printed[];
}

/** `bpf-lsm cgroup`: what is attached to cgroups. */
export function cgroupCommand(): Command {
  return new Command('cgroup').description('Show what is attached to cgroups.').addCommand(treeCommand());
}

function treeCommand(): Command {
  return new Command('tree')
    .description('Draw the cgroups with the programs that are attached to them, whoever attached them.')
    .argument('[path]', 'the directory of a cgroup to begin with (default: the top of the hierarchy)')
    .option('--effective', 'what runs for each cgroup: its own programs, and those of the cgroups above')
    .option('--hook <name>', 'only the programs of this LSM hook')
    .option('--weaknesses', 'also say of which programs a denial may not hold, or which may take one back')
    .option('--all', 'also draw cgroups that have no programs')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Programs are listed in the order in which they run: place, id, name, by what they are attached, flags.
Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for names, hooks and links.

Exit status: 0, or 1 when it could not be told.`,
    )
    .action((path: string | undefined, options: Options) => {
      const { effective = false, weaknesses = false, hook } = options;
      const top = path === undefined ? Cgroup.root() : Cgroup.open(path);
      const tree = printed(top.attachedTree({ effective, weaknesses, ...(hook !== undefined && { hook }) }));
      if (options.json) printJson(tree);
      else process.stdout.write(draw(tree, options.all ?? false));
    });
}

function printed({ cgroup, lists, weaknesses, children }: AttachedTree): Printed {
  return {
    path: cgroup.path,
    id: cgroup.id,
    lists,
    ...(weaknesses && { weaknesses: weaknesses.map(({ message }) => message) }),
    children: children.map(printed),
  };
}

function draw(tree: Printed, all: boolean): string {
  const lines = [paint('bold', tree.path), ...below(tree, all)];
  return `${lines.join('\n')}\n`;
}

/** What stands below the name of a cgroup: its programs, then its children. */
function below({ path, lists, weaknesses = [], children }: Printed, all: boolean): string[] {
  const shown = children.filter((child) => all || hasPrograms(child));
  const bar = shown.length > 0 ? '│  ' : '   ';
  return [
    ...lists.flatMap((list) => listLines(list, path)).map((line) => `${bar}${line}`),
    ...weaknesses.map((message) => `${bar}${paint('yellow', `! ${message}`)}`),
    ...shown.flatMap((child, index) => {
      const last = index === shown.length - 1;
      const name = child.path.slice(path === '/' ? 1 : path.length + 1);
      const inner = below(child, all).map((line) => `${last ? '   ' : '│  '}${line}`);
      return [`${last ? '└─ ' : '├─ '}${paint('bold', name)}`, ...inner];
    }),
  ];
}

function hasPrograms({ lists, weaknesses = [], children }: Printed): boolean {
  return lists.length > 0 || weaknesses.length > 0 || children.some(hasPrograms);
}

function listLines({ attachType, hook, revision, programs }: AttachedList, path: string): string[] {
  const head = hook === undefined ? attachType : `${hook} (${attachType})`;
  const counted = revision === undefined ? '' : paint('dim', `  revision ${revision}`);
  return [paint('cyan', head) + counted, ...programs.map((program) => `  ${programLine(program, path)}`)];
}

function programLine(program: AttachedProgram, path: string): string {
  const { position, programId, programName = '?', linkId, attachedBy, flags, owner } = program;
  const by = { link: `link ${linkId ?? '?'}`, call: 'no link', unknown: 'link ?' }[attachedBy];
  // All that links attach is multi.
  const notable = flags.filter((flag) => flag !== 'multi' || attachedBy !== 'link');
  const from = owner?.path === path ? [] : [`from ${owner?.path ?? 'above'}`];
  return [position, programId, programName, by, ...notable, ...from].join('  ');
}
