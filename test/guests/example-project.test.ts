import { kernelLines } from 'bpf-lsm/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExampleProject } from '../support/example-project.js';

/** Of the example's only file of tests. */
const TESTS = 4;

describe('the example project testing-in-a-guest, installed elsewhere', () => {
  let project: ExampleProject;

  beforeAll(async () => {
    project = await ExampleProject.install('testing-in-a-guest');
  }, 300_000);

  afterAll(() => project?.remove());

  test('builds its program, and its tests pass in a guest with each kernel', {
    timeout: 600_000,
  }, async () => {
    const { status, output, files } = await project.test();
    expect(files, output).toEqual(kernelLines.map(() => ({ passed: TESTS, failed: 0 })));
    for (const kernel of kernelLines) expect(output).toContain(`|linux-${kernel}| test/guard.test.ts`);
    expect(status).toBe(0);
  });

  test('each of its tests fails when the program denies nothing', { timeout: 300_000 }, async () => {
    project.replace('bpf/only_listed.bpf.c', 'return LSM_DENY(EPERM);', 'return LSM_ALLOW;');
    const { status, output, files } = await project.test('--project', 'linux-7.3');
    expect(files, output).toEqual([{ passed: 0, failed: TESTS }]);
    expect(status).toBe(1);
  });
});
