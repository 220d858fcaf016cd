import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cgroup } from 'bpf-lsm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Guard } from '../src/guard.js';

let service: Cgroup;
let other: Cgroup;
let directory: string;

beforeEach(() => {
  const root = Cgroup.root();
  service = root.createChild('service');
  other = root.createChild('other');
  directory = mkdtempSync(join(tmpdir(), 'guard-'));
});

afterEach(() => {
  for (const cgroup of [service, other]) cgroup.remove();
  rmSync(directory, { recursive: true });
});

/** A program of this name that does nothing. */
function program(name: string): string {
  const path = join(directory, name);
  copyFileSync('/bin/true', path);
  return path;
}

function script(name: string): string {
  const path = join(directory, name);
  writeFileSync(path, '#!/bin/sh\nexit 0\n');
  chmodSync(path, 0o755);
  return path;
}

/** What becomes of it when a process of this cgroup starts a program. */
function start(path: string, cgroup: Cgroup): string {
  cgroup.add(process.pid);
  try {
    const { error, status } = spawnSync(path);
    return (error as NodeJS.ErrnoException | undefined)?.code ?? `ended with ${status}`;
  } finally {
    Cgroup.root().add(process.pid);
  }
}

const STARTED = 'ended with 0';
const DENIED = 'EPERM';

test('the service starts what is listed and nothing else, while it is guarded', async () => {
  const [listed, unlisted] = [program('listed'), program('unlisted')];
  expect(start(unlisted, service)).toBe(STARTED);

  {
    using guard = await Guard.start(service, [listed]);
    expect(start(unlisted, service)).toBe(DENIED);
    expect(start(listed, service)).toBe(STARTED);
    // Nobody else is concerned.
    expect(start(unlisted, other)).toBe(STARTED);
    expect(guard.denied).toBe(1n);
  }
  expect(start(unlisted, service)).toBe(STARTED);
});

test('it is the file that is listed, not its name', async () => {
  const [listed, unlisted] = [program('listed'), program('unlisted')];
  linkSync(listed, join(directory, 'another-name'));
  using _guard = await Guard.start(service, [listed]);
  expect(start(join(directory, 'another-name'), service)).toBe(STARTED);

  rmSync(listed);
  linkSync(unlisted, listed);
  expect(start(listed, service)).toBe(DENIED);
});

test('a script needs its interpreter', async () => {
  const job = script('job');
  {
    using _guard = await Guard.start(service, [job]);
    expect(start(job, service)).toBe(DENIED);
    expect(start(job, other)).toBe(STARTED);
  }
  using _guard = await Guard.start(service, [job, '/bin/sh']);
  expect(start(job, service)).toBe(STARTED);
  expect(start(script('unlisted'), service)).toBe(DENIED);
});

test('a cgroup below that of the service is guarded too', async () => {
  const unlisted = program('unlisted');
  const below = service.createChild('below');
  try {
    expect(start(unlisted, below)).toBe(STARTED);
    using _guard = await Guard.start(service, []);
    expect(start(unlisted, below)).toBe(DENIED);
  } finally {
    below.remove();
  }
});
