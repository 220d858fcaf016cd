// What the scripts share: running programs without a shell, and telling the person what goes on.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends the script with one sentence that says what to do. */
export function giveUp(sentence) {
  say(`\n${sentence}`);
  process.exit(1);
}

/** Whether a program ran and succeeded; its output is shown only when it failed. */
export function quietly(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return true;
  say(`$ ${[program, ...args].join(' ')}`);
  say(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`.trim());
  return false;
}

/** Runs a program with the terminal as its own; resolves to its exit status. */
export function openly(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', ...options });
    child.on('error', (error) => {
      say(`${program} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

/**
 * The environment for node-gyp and cmake-js: they use the headers that came with this Node, where it has any, instead
 * of downloading the same.
 */
export function withNodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const there = (header) => existsSync(`${prefix}/include/${header}`);
  // Debian's packages keep libuv's header apart from Node's.
  const complete = there('node/node_api.h') && (there('node/uv.h') || there('uv.h'));
  return complete ? { ...process.env, npm_config_nodedir: prefix } : process.env;
}

/** A program of a development dependency. */
export function tool(name) {
  return `${ROOT}node_modules/.bin/${name}`;
}
