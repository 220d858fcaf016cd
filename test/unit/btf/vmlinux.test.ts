import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Btf, codecFor, layoutOf } from '../../../src/btf/index.js';

const PATH = '/sys/kernel/btf/vmlinux';
const present = existsSync(PATH);

describe.skipIf(!present)(
  `the running kernel's BTF${present ? '' : ` (skipped: there is no ${PATH})`}`,
  () => {
    let btf: Btf;
    beforeAll(() => {
      btf = Btf.parse(readFileSync(PATH));
    });

    const struct = (name: string): number => {
      const id = btf.find(name, 'struct');
      expect(id, `struct ${name}`).toBeDefined();
      return id ?? 0;
    };

    test('has the structs every kernel has', () => {
      for (const name of ['task_struct', 'file', 'inode', 'cred', 'dentry', 'super_block']) {
        const id = struct(name);
        expect(btf.nameOf(id)).toBe(`struct ${name}`);
        expect(btf.sizeOf(id)).toBeGreaterThan(0);
      }
    });

    test('has task_struct.pid and comm as ps shows them', () => {
      const task = codecFor<{ pid: number; comm: string }>(btf, struct('task_struct'), { u64: 'number' });
      const value = task.decode(new Uint8Array(task.size));
      expect(value).toMatchObject({ pid: 0, comm: '' });
    });

    test('has the hooks of the BPF LSM as functions, where that is configured', () => {
      const id = btf.find('bpf_lsm_file_open', 'func');
      if (id !== undefined) {
        expect(btf.nameOf(id)).toBe('int bpf_lsm_file_open(struct file *)');
      }
    });

    test('can be laid out, every struct and union of it', () => {
      const wrong: string[] = [];
      for (let id = 1; id <= btf.types; id++) {
        const kind = btf.kindOf(id);
        if ((kind === 'struct' || kind === 'union') && layoutOf(btf, id).size !== btf.sizeOf(id)) {
          wrong.push(btf.nameOf(id));
        }
      }
      expect(wrong).toEqual([]);
    });

    test('can be read and named, every type of it', () => {
      const wrong: number[] = [];
      for (let id = 0; id <= btf.types; id++) {
        if (btf.type(id).kind !== btf.kindOf(id) || btf.nameOf(id) === '') {
          wrong.push(id);
        }
      }
      expect(wrong).toEqual([]);
    });
  },
);
