import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BpfObject } from '../../src/index.js';
import { native } from '../../src/native.js';
import { mixedUpVerdicts } from '../../src/object/mixed-up-verdicts.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture, shipped } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

function warningsFor(path: string): unknown[] {
  const handle = native().objectOpen(readFileSync(path), { name: 'object' });
  try {
    return mixedUpVerdicts(handle);
  } finally {
    native().objectClose(handle);
  }
}

describe('an lsm/ program that returns 1', () => {
  test('is warned of where the kernel takes it, and refused where not', async () => {
    const open = BpfObject.open(fixture('faulty_return'));
    if (kernelIsAtLeast(6, 12)) {
      expect(await thrown(() => open.load())).toMatchObject({ code: 'EINVAL', reason: 'input' });
      return;
    }
    const warned: Error[] = [];
    const listen = (warning: Error) => warned.push(warning);
    process.on('warning', listen);
    using object = await open.load();
    await new Promise(setImmediate);
    process.off('warning', listen);
    const [warning] = object.warnings;
    expect(object.warnings).toEqual([
      {
        code: 'ERR_BPF_VERDICT',
        program: 'faulty_return',
        hook: 'file_open',
        message: expect.stringMatching(/may return 1, which is no verdict: .*0 to allow or a negative errno/),
      },
    ]);
    expect(warned).toEqual([
      expect.objectContaining({ name: 'BpfWarning', code: 'ERR_BPF_VERDICT', message: warning?.message }),
    ]);
  });
});

describe('verdicts in the other convention are seen in the file', () => {
  test('of lsm_cgroup/', () => {
    expect(warningsFor(fixture('faulty_return_cgroup'))).toEqual([
      expect.objectContaining({
        program: 'faulty_return_cgroup',
        message: expect.stringMatching(/may return -1, .*1 to allow or 0 to deny/),
      }),
    ]);
  });

  test('and nothing is said of objects without', () => {
    const meant = ['faulty_return.bpf.o', 'faulty_return_cgroup.bpf.o'];
    const fixtures = readdirSync(fileURLToPath(new URL('../../build/test/bpf/', import.meta.url)))
      .filter((name) => name.endsWith('.bpf.o') && name !== 'empty.bpf.o' && !meant.includes(name))
      .map((name) => fixture(name.replace('.bpf.o', '')));
    const examples = readdirSync(fileURLToPath(new URL('../../dist/bpf/examples/', import.meta.url)))
      .filter((name) => name.endsWith('.bpf.o'))
      .map((name) => shipped(`examples/${name.replace('.bpf.o', '')}`));
    expect(examples.length).toBeGreaterThan(0);
    for (const path of [...fixtures, ...examples]) expect(warningsFor(path), path).toEqual([]);
  });
});
