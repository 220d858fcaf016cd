import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { applyPolicies, definePolicy, removePolicies } from '../../src/policy/index.js';
import { attempt } from './attempt.js';
import { ENGINE, pitch, ROOT, strike } from './guarded-engine.js';

export const LINKS = `${ENGINE}/links`;
export const TOKEN = 'the token of the day';
export const withToken = { directory: ENGINE, token: TOKEN };
export const guarded = { guard: { token: TOKEN } };

export const policy = definePolicy({
  name: 'kept',
  scope: 'host',
  mode: 'enforce',
  rules: [{ deny: ['remove'], objects: [{ beneath: `${ROOT}/kept` }] }],
});

export const apply = (more: Parameters<typeof applyPolicies>[1] = {}) =>
  applyPolicies([policy], { directory: ENGINE, ...more });

/** Where the policy is for, and the mounts that its engine is in. */
export function settle(): void {
  mkdirSync(`${ROOT}/kept`, { recursive: true });
  pitch();
}

export async function leave(): Promise<void> {
  await removePolicies(withToken);
  strike();
}

/** Whether the policy is enforced. */
export function removable(): string {
  writeFileSync(`${ROOT}/kept/file`, '');
  return attempt(() => unlinkSync(`${ROOT}/kept/file`));
}
