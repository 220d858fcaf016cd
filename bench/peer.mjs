// A peer: a process that does the same work as the others, told so a line at a time.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One measurement. @typedef {{ wall: number, cpu: number, units: number, check: number, more: object }} Answer */

export class Peer {
  #child;
  #lines;
  #name;
  #exit;

  /** @param {string[]} command */
  constructor(name, [program, ...args]) {
    this.#name = name;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#exit = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`));
    });
    // A peer that ends early is noticed by its answer, which does not come.
    this.#child.stdin.on('error', () => {});
  }

  /** @returns {Promise<Answer>} */
  async measure(name, target, count) {
    this.#child.stdin.write(`${name}\t${target}\t${count}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done)
      throw new Error(`the ${this.#name} peer gave no answer to ${name} ${target}: ${await this.#exit}`);
    const [, numbers, more = '{}'] = /^([\d. ]+?)(?: (\{.*))?$/.exec(line) ?? [];
    const [wall, cpu, units, check] = (numbers ?? '').split(' ').map(Number);
    if (check === undefined)
      throw new Error(`the ${this.#name} peer answered ${name} ${target} with ${line}`);
    return { wall, cpu, units, check, more: JSON.parse(more) };
  }

  async close() {
    this.#child.stdin.end();
    await this.#exit;
  }
}
