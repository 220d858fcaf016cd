import { type Acted, judge, type Subject } from '../../src/policy/evaluate/index.js';
import type { Operation, Policy } from '../../src/policy/model/index.js';
import { definePolicy, type PolicyInput, type RuleInput } from '../../src/policy/schema/index.js';
import { VirtualFiles } from './virtual-files.js';

/** Some files, and a process among them. */
export const files = new VirtualFiles([
  '/etc/passwd',
  '/etc/ssl/key.pem',
  '/usr/bin/sh',
  '/home/me/work/.git/config',
  '/tmp/',
  '/x/y',
  '/home/no',
]);

export const subject: Subject = {
  uids: { real: 1000, effective: 1000 },
  gids: { real: 1000, effective: 1000 },
  executable: files.file('/usr/bin/sh'),
  cgroup: '/user.slice/me',
  domains: ['builder'],
};

/** An enforcing policy of these rules for the host. */
export const make = (rules: readonly RuleInput[], more: Partial<PolicyInput> = {}): Policy =>
  definePolicy({ name: 'a', scope: 'host', mode: 'enforce', rules, ...more });

/** What is at a path, as what an operation acts on. */
export const place = (files: VirtualFiles, path: string): Acted => {
  const file = files.file(path);
  if (!file) throw new Error(`there is no directory for ${path}`);
  return file;
};

/** What one policy says of a path. */
export const effect = (rules: readonly RuleInput[], operation: Operation, path: string, among = files) =>
  judge(make(rules), operation, [place(among, path)], among.anchor).effect;
