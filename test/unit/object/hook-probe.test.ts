import { describe, expect, test } from 'vitest';
import { registersIn, returnRangeBy } from '../../../src/object/hook-probe.js';

// Logs of a program that reads arguments of mmap_file or task_free into R2, at log level 2.
const LOGS = {
  '6.1': `func#0 @0
0: R1=ctx(off=0,imm=0) R10=fp0
0: (79) r2 = *(u64 *)(r1 +0)
func 'bpf_lsm_mmap_file' arg0 has btf_id 419 type STRUCT 'file'
1: R1=ctx(off=0,imm=0) R2_w=ptr_file(off=0,imm=0)
1: (79) r2 = *(u64 *)(r1 +8)          ; R1=ctx(off=0,imm=0) R2_w=scalar()
2: (b7) r0 = 0                        ; R0_w=0
3: (95) exit
processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
  '7.3': `func#0 @0
subprog#0:
  0: (79) r2 = *(u64 *)(r1 +0)
Live regs before insn:
      0: .1........ (79) r2 = *(u64 *)(r1 +0)
0: R1=ctx() R10=fp0
0: (79) r2 = *(u64 *)(r1 +0)
func 'bpf_lsm_mmap_file' arg0 has btf_id 80745 type STRUCT 'file'
1: R1=ctx() R2=trusted_ptr_or_null_file(id=1)
1: (79) r2 = *(u64 *)(r1 +8)          ; R1=ctx() R2=scalar()
2: (b7) r0 = 0                        ; R0=0
3: (95) exit
`,
};

describe('what a verifier log says', () => {
  test('each read of an argument, in order', () => {
    expect(registersIn(LOGS['6.1'])).toEqual(['ptr_file', 'scalar']);
    expect(registersIn(LOGS['7.3'])).toEqual(['trusted_ptr_or_null_file', 'scalar']);
    expect(registersIn('')).toEqual([]);
  });

  test('the range of return values', () => {
    const refused = (log: string) => returnRangeBy({ errno: 22, log });
    expect(
      refused('At program exit the register R0 has smin=2 smax=2 should have been in [-4095, 0]\n'),
    ).toEqual([-4095, 0]);
    expect(refused('At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]\n')).toEqual(
      [0, 1],
    );
    expect(refused('something else')).toBeUndefined();
    expect(returnRangeBy({ errno: 0, log: '' })).toBeNull();
  });
});
