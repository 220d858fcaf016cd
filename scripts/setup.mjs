// Makes a machine ready: system packages, npm packages, everything built, kernels for guests fetched.
//
//   npm run setup                  for building and guests
//   npm run setup -- --tests       for the test suite too

import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { BUILD, GUEST, installMissing, TEST } from './packages.mjs';
import { giveUp, ROOT, say } from './say.mjs';

const OLDEST_NODE = [20, 19];

/**
 * @param {{ guests?: string[], tests?: boolean }} wanted - the kernel lines to fetch for guests (none: no guests), and
 *   whether the test suite is to run
 */
export async function setUp({ guests = [], tests = false } = {}) {
  checkNode();
  installMissing([...BUILD, ...(guests.length > 0 ? GUEST : [])]);
  // After the compiler, by whose version one of these is named.
  if (tests) installMissing(TEST);
  await build();
  for (const line of guests) await fetchKernel(line);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  giveUp(
    `bpf-lsm needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${process.versions.node}: install a newer one.`,
  );
}

async function fetchKernel(line) {
  const { ensureKernel } = await import(`${ROOT}dist/testing/index.js`);
  await ensureKernel(line, { onNote: say });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUp({ guests: ['6.1', '6.12', '7.3'], tests: process.argv.includes('--tests') });
}
