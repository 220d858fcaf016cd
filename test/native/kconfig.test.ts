import { expect, test } from 'vitest';
import { BpfObject } from '../../src/index.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

interface Configured {
  programs: 'read_config';
  maps: object;
  globals: { hz: number; has_bpf_lsm: number; has_other: number };
}

const config = (...lines: string[]): string => `${lines.join('\n')}\n`;

test.each([
  ['CONFIG_BPF_LSM=y', 'CONFIG_HZ=1234', 'CONFIG_NO_SUCH_OPTION=n', [1234, 1, 0]],
  ['CONFIG_BPF_LSM=n', 'CONFIG_HZ=100', 'CONFIG_NO_SUCH_OPTION=y', [100, 0, 1]],
] as const)(
  'externs get their values from the text that is given: %s %s %s',
  async (lsm, hz, other, expected) => {
    const kconfig = config('# a comment', lsm, hz, other);
    using object = await BpfObject.open<Configured>(fixture('configured'), { kconfig }).load();
    object.programs.read_config.run();
    const { globals } = object;
    expect([globals.hz, globals.has_bpf_lsm, globals.has_other]).toEqual(expected);
  },
);

test('a value that does not fit its extern is an error', async () => {
  const kconfig = config('CONFIG_BPF_LSM=y', 'CONFIG_HZ="many"', 'CONFIG_NO_SUCH_OPTION=n');
  const open = () => BpfObject.open<Configured>(fixture('configured'), { kconfig }).load();
  expect(await thrown(open)).toMatchObject({
    code: 'EINVAL',
    libbpfLog: expect.stringContaining('CONFIG_HZ'),
  });
});
