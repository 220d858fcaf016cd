import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { runInDomain } from '../../src/policy/index.js';
import { Helper } from './helper.js';
import { program } from './objects.js';

/** Test/fixtures/family.c, in no domain. */
export function family(): Helper {
  return new Helper(program('family'));
}

/** The same, started in a domain. */
export async function familyIn(domain: string): Promise<Helper> {
  const stdio = ['pipe', 'pipe', 'ignore'];
  const child = await runInDomain(domain, [program('family')], {
    unheld: 'accept',
    spawn: { stdio: stdio as never },
  });
  return new Helper(child as ChildProcessWithoutNullStreams);
}

/** What one of a family answers to each of these lines: named by the way to it, such as `1 1`, or by none. */
export async function asked(
  helper: Helper,
  line: string,
  ...members: readonly string[]
): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const member of members)
    said[member] = await helper.ask(...[member, line].filter((word) => word !== ''));
  return said;
}
