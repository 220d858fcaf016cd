// Builds what is measured and the peers; what is up to date is left alone.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { build } from '../scripts/build.mjs';
import { giveUp, quietly, ROOT, say } from '../scripts/say.mjs';

export const OBJECT = `${ROOT}build/bench/bpf/bench.bpf.o`;
const C_PEER = `${ROOT}build/bench/peer-c`;
/** Makes the calls whose cost is measured. */
export const CALLS = `${ROOT}build/bench/calls`;
const GO_PEER = `${ROOT}build/bench/peer-go`;
// Where Debian's packages of Go libraries put their sources.
const GO_PATH = '/usr/share/gocode';

/**
 * @param {string[]} wanted the peers to build
 * @returns {Promise<Record<string, string[]>>} the command of each peer there is
 */
export async function buildPeers(wanted) {
  await build();
  mkdirSync(`${ROOT}build/bench`, { recursive: true });
  if (wanted.includes('c')) buildC();
  buildCalls();
  const go = wanted.includes('go') && buildGo();
  return peerCommands(wanted.filter((name) => name !== 'go' || go));
}

/** The commands of peers that are built. */
export function peerCommands(wanted) {
  const commands = { c: [C_PEER], js: [process.execPath, `${ROOT}bench/peer-js/main.mjs`], go: [GO_PEER] };
  return Object.fromEntries(Object.entries(commands).filter(([name]) => wanted.includes(name)));
}

function buildC() {
  const sources = sourcesIn('peer-c', '.c');
  if (isNewer(C_PEER, [...sources, ...sourcesIn('peer-c', '.h')])) return;
  const flags = (what) => pkgConfig(what).split(/\s+/).filter(Boolean);
  const args = ['-O2', '-Wall', '-Wextra', '-Werror', ...flags('--cflags'), ...sources, ...flags('--libs')];
  if (!quietly(process.env.CC ?? 'cc', [...args, '-o', C_PEER]))
    giveUp('The C peer does not compile: see above.');
}

function buildCalls() {
  const sources = sourcesIn('calls', '.c');
  if (isNewer(CALLS, sources)) return;
  if (!quietly(process.env.CC ?? 'cc', ['-O2', '-Wall', '-Wextra', '-Werror', ...sources, '-o', CALLS]))
    giveUp('The program that makes calls does not compile: see above.');
}

function pkgConfig(what) {
  return spawnSync('pkg-config', [what, 'libbpf'], { encoding: 'utf8' }).stdout ?? '';
}

/** False, with a sentence, where there is no Go or no cilium/ebpf. */
function buildGo() {
  const sources = sourcesIn('peer-go', '.go');
  if (isNewer(GO_PEER, sources)) return true;
  if (spawnSync('go', ['version']).status !== 0 || !existsSync(`${GO_PATH}/src/github.com/cilium/ebpf`)) {
    say('cilium/ebpf is left out: it takes apt-get install golang-go golang-github-cilium-ebpf-dev.');
    return false;
  }
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOFLAGS: '' };
  if (quietly('go', ['build', '-o', GO_PEER, './bench/peer-go'], { env })) return true;
  say('cilium/ebpf is left out: the Go peer does not compile, see above.');
  return false;
}

function sourcesIn(folder, ending) {
  const path = `${ROOT}bench/${folder}`;
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${path}/${name}`);
}

function isNewer(output, inputs) {
  return existsSync(output) && inputs.every((input) => statSync(input).mtimeMs < statSync(output).mtimeMs);
}
