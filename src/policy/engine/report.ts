import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError } from '../../errors.js';
import { LAYOUT, OPERATIONS } from './layout.js';

/** The text of bpf/engine/report.bpf.c: what everybody may read who may enter the directory. */
export interface Report {
  /** Whether the guard keeps others from the engine. */
  readonly armed: boolean;
  readonly denied: bigint;
  readonly wrongTokens: bigint;
  readonly number: number;
  readonly previous: number;
  readonly deadlineNs: bigint;
  readonly expired: boolean;
  readonly byHost: bigint;
  readonly byCgroup: bigint;
  readonly byDomain: bigint;
  readonly lost: bigint;
  readonly missing: bigint;
  readonly policies: readonly ReportedPolicy[];
}

interface ReportedPolicy {
  readonly name: string;
  readonly enforced: boolean;
  /** By the numbers of the operations. */
  readonly denials: readonly bigint[];
}

// A switch in the midst of the text: it has to be read again.
const ATTEMPTS = 16;

export const REPORT = 'status';

/**
 * What an engine with a guard reports; undefined when it never had one.
 *
 * @throws BpfError `ERR_BPF_STATE` for an engine of another version
 */
export function readReport(directory: string): Report | undefined {
  const path = join(directory, REPORT);
  if (!existsSync(path)) return undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const report = parseReport(readFileSync(path, 'utf8'));
    if (report) return report;
  }
  throw unreadable(path, 'it changes all the time');
}

/** Undefined when policies of two generations are in it. @throws BpfError `ERR_BPF_STATE` */
export function parseReport(text: string): Report | undefined {
  const [guard = [], engine = [], ...lines] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  const [, armed, denied, wrongTokens] = guard;
  const [, layout, number, previous, deadlineNs, expired, byHost, byCgroup, byDomain, lost, missing] = engine;
  if (guard[0] !== 'guard' || engine[0] !== 'engine' || missing === undefined)
    throw unreadable(REPORT, 'it is cut off');
  if (Number(layout) !== LAYOUT) throw unreadable(REPORT, `of layout ${layout}, not ${LAYOUT}`);
  if (lines.some(([, of]) => of !== number)) return undefined;
  return {
    armed: armed === '1',
    denied: BigInt(denied ?? 0),
    wrongTokens: BigInt(wrongTokens ?? 0),
    number: Number(number),
    previous: Number(previous),
    deadlineNs: BigInt(deadlineNs ?? 0),
    expired: expired === '1',
    byHost: BigInt(byHost ?? 0),
    byCgroup: BigInt(byCgroup ?? 0),
    byDomain: BigInt(byDomain ?? 0),
    lost: BigInt(lost ?? 0),
    missing: BigInt(missing),
    policies: lines.map(([, , enforced, name = '', ...counts]) => ({
      name,
      enforced: enforced === '1',
      denials: denialsFrom(counts),
    })),
  };
}

function denialsFrom(counts: readonly string[]): bigint[] {
  const denials = Array<bigint>(OPERATIONS).fill(0n);
  for (const count of counts) {
    const [operation, times = '0'] = count.split('=');
    denials[Number(operation)] = BigInt(times);
  }
  return denials;
}

function unreadable(path: string, why: string): BpfError {
  return new BpfError(`what the policies of this host report in ${path} cannot be read: ${why}`, {
    code: 'ERR_BPF_STATE',
    reason: 'input',
    path,
    hint: 'use the version of this library that applied them',
  });
}
