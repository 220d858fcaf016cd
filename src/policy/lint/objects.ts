import type { Operation, Policy, PolicyObject } from '../model/index.js';
import { finding, type LintFinding } from './finding.js';
import type { Machine } from './machine.js';

/** File systems of which the inode numbers or device numbers are not the whole truth. */
const LIARS: Readonly<Record<string, string>> = {
  overlay: 'a file gets another inode when it is first written to (copy-up)',
  btrfs: 'each subvolume has a device number of its own, which the kernel numbers differently inside',
  nfs: 'other machines change its files without this kernel being asked',
  nfs4: 'other machines change its files without this kernel being asked',
  cifs: 'other machines change its files without this kernel being asked',
  fuse: 'a process says which file is which',
};

/** Operations on a regular file only. */
const ON_FILES: readonly Operation[] = [
  'write',
  'append',
  'truncate',
  'exec',
  'map-exec',
  'exec-interpreter',
];

type Path = readonly (string | number)[];

/** What is to know of the files, cgroups and directories that a policy names. */
export function objectFindings(policy: Policy, machine: Machine): LintFinding[] {
  const { scope, conditions, rules } = policy;
  const cgroup = scope.kind === 'cgroup' && machine.hasCgroup(scope.path) === false;
  return [
    ...(cgroup
      ? [
          finding(
            policy,
            ['scope'],
            'error',
            'no-cgroup',
            `there is no cgroup ${scope.path}: make it first, or name one that is there`,
          ),
        ]
      : []),
    ...(conditions.executables ?? []).flatMap(({ path }, index) =>
      pathFindings(policy, ['when', 'executables', index], path, [], machine),
    ),
    ...rules.flatMap((rule, index) =>
      ((rule.objects ?? []) as readonly PolicyObject[]).flatMap((object, place) => {
        const path = pathOf(object);
        const on: Path = ['rules', index, 'objects', place];
        const operations = object.kind === 'path' ? rule.operations : [];
        return path === undefined ? [] : pathFindings(policy, on, path, operations, machine);
      }),
    ),
  ];
}

function pathOf(object: PolicyObject): string | undefined {
  switch (object.kind) {
    case 'path':
    case 'beneath':
    case 'unix-path':
    case 'unix-beneath':
    case 'target-executable':
      return object.path;
    default:
      return undefined;
  }
}

function pathFindings(
  policy: Policy,
  on: Path,
  path: string,
  itself: readonly Operation[],
  { files }: Machine,
): LintFinding[] {
  const say = (level: LintFinding['level'], code: LintFinding['code'], message: string) =>
    finding(policy, on, level, code, message);
  const found = files.find(path);
  if (files.anchor(path) === null || found === null) {
    const message = `${path} cannot be watched for, since its directory does not exist: make the directory first`;
    return [say('error', 'no-directory', message)];
  }
  const { real, kind, fileSystem } = found;
  const lie = fileSystem === null ? undefined : LIARS[fileSystem];
  const never = kind === 'directory' ? itself.filter((operation) => ON_FILES.includes(operation)) : [];
  return [
    ...(kind === null
      ? [say('note', 'not-there', `${path} does not exist yet: the rule is for what comes to be there`)]
      : []),
    ...(real === path
      ? []
      : [say('note', 'symlink', `${path} leads to ${real} by a symbolic link: the rule is for both`)]),
    ...(lie === undefined ? [] : [say('note', 'identity', `${path} is on ${fileSystem}: ${lie}`)]),
    ...never.map((operation) =>
      say(
        'warning',
        'never-matches',
        `${path} is a directory, and ${operation} is of files: write beneath instead of path`,
      ),
    ),
  ];
}
