/** What libbpf 1.1 said when the kernels refused the objects of test/fixtures/bpf/faulty_*.bpf.c. */

export const nullOn6_1 = `libbpf: prog 'faulty_null': BPF program load failed: Permission denied
libbpf: prog 'faulty_null': -- BEGIN PROG LOAD LOG --
reg type unsupported for arg#0 function faulty_null#15
0: R1=ctx(off=0,imm=0) R10=fp0
; LSM_PROGRAM(file_open, faulty_null) {
0: (b4) w1 = 0                        ; R1_w=0
; __u32 key = 0;
1: (63) *(u32 *)(r10 -4) = r1         ; R1_w=0 R10=fp0 fp-8=0000????
2: (bf) r2 = r10                      ; R2_w=fp0 R10=fp0
; 
3: (07) r2 += -4                      ; R2_w=fp-4
; __u64* count = bpf_map_lookup_elem(&opened, &key);
4: (18) r1 = 0xffff888004541000       ; R1_w=map_ptr(off=0,ks=4,vs=8,imm=0)
6: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0)
; *count += 1;
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_null': failed to load: -13
libbpf: failed to load object 'faulty_null'
`;

export const nullOn6_12 = `libbpf: prog 'faulty_null': BPF program load failed: Permission denied
libbpf: prog 'faulty_null': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; LSM_PROGRAM(file_open, faulty_null) { @ faulty_null.bpf.c:14
0: (b4) w1 = 0                        ; R1_w=0
; __u32 key = 0; @ faulty_null.bpf.c:15
1: (63) *(u32 *)(r10 -4) = r1         ; R1_w=0 R10=fp0 fp-8=0000????
2: (bf) r2 = r10                      ; R2_w=fp0 R10=fp0
;  @ faulty_null.bpf.c:0
3: (07) r2 += -4                      ; R2_w=fp-4
; __u64* count = bpf_map_lookup_elem(&opened, &key); @ faulty_null.bpf.c:16
4: (18) r1 = 0xffff8880060ae000       ; R1_w=map_ptr(map=opened,ks=4,vs=8)
6: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=opened,ks=4,vs=8)
; *count += 1; @ faulty_null.bpf.c:18
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_null': failed to load: -13
libbpf: failed to load object 'faulty_null'
`;

export const nullOn7_3 = `libbpf: prog 'faulty_null': BPF program load failed: Permission denied
libbpf: prog 'faulty_null': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; LSM_PROGRAM(file_open, faulty_null) { @ faulty_null.bpf.c:14
0: (b4) w1 = 0                        ; R1=0
; __u32 key = 0; @ faulty_null.bpf.c:15
1: (63) *(u32 *)(r10 -4) = r1         ; R1=0 R10=fp0 fp-8=0000????
2: (bf) r2 = r10                      ; R2=fp0 R10=fp0
;  @ faulty_null.bpf.c:0
3: (07) r2 += -4                      ; R2=fp-4
; __u64* count = bpf_map_lookup_elem(&opened, &key); @ faulty_null.bpf.c:16
4: (18) r1 = 0xffff888005ad1800       ; R1=map_ptr(map=opened,ks=4,vs=8)
6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=opened,ks=4,vs=8)
; *count += 1; @ faulty_null.bpf.c:18
7: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'

Verification failed: Register Type Safety: Invalid dereference

Reason:
  R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this
  path, so the verifier cannot prove this access is safe.

At:
  faulty_null @ faulty_null.bpf.c:18:10
  Source context:
      16 |   __u64* count = bpf_map_lookup_elem(&opened, &key);
      17 | ...
  >>> 18 |   *count += 1;
         |   ^-- error: invalid dereference of R0 (a nullable map value pointer)
      19 | ...
      20 | ...
  Instruction context:
       6 | (85) call bpf_map_lookup_elem#1
  >>>  7 | (79) r1 = *(u64 *)(r0 +0)
       8 | (07) r1 += 1
       9 | (7b) *(u64 *)(r0 +0) = r1

Causal path:
  faulty_null @ faulty_null.bpf.c:16:18
  Source context:
      14 | LSM_PROGRAM(file_open, faulty_null) {
      15 |   __u32 key = 0;
  >>> 16 |   __u64* count = bpf_map_lookup_elem(&opened, &key);
         |   ^-- update: R0 changed from uninitialized value to nullable map value from opened at
         |       offset 0
      17 | ...
      18 |   *count += 1;
  Instruction context:
       4 | (18) r1 = 0xffff888005ad1800
  >>>  6 | (85) call bpf_map_lookup_elem#1
       7 | (79) r1 = *(u64 *)(r0 +0)
       8 | (07) r1 += 1

Suggestion:
  Add a NULL check before the access and dereference the pointer only on the non-NULL path.

processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_null': failed to load: -13
libbpf: failed to load object 'faulty_null'
`;

export const endlessOn6_1 = `libbpf: prog 'faulty_endless': BPF program load failed: Invalid argument
libbpf: prog 'faulty_endless': -- BEGIN PROG LOAD LOG --
reg type unsupported for arg#0 function faulty_endless#5
0: R1=ctx(off=0,imm=0) R10=fp0
; while (bpf_get_prandom_u32() != 0) continue;
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
; while (bpf_get_prandom_u32() != 0) continue;
1: (56) if w0 != 0x0 goto pc-2 0: R0_w=scalar() R10=fp0
; while (bpf_get_prandom_u32() != 0) continue;
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
; while (bpf_get_prandom_u32() != 0) continue;
1: (56) if w0 != 0x0 goto pc-2 0: R0=scalar() R10=fp0
; while (bpf_get_prandom_u32() != 0) continue;
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
; while (bpf_get_prandom_u32() != 0) continue;
1: (56) if w0 != 0x0 goto pc-2 ; while (bpf_get_prandom_u32() != 0) continue;
infinite loop detected at insn 0
processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_endless': failed to load: -22
libbpf: failed to load object 'faulty_endless'
`;

export const endlessOn6_12 = `libbpf: prog 'faulty_endless': BPF program load failed: Invalid argument
libbpf: prog 'faulty_endless': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; while (bpf_get_prandom_u32() != 0) continue; @ faulty_endless.bpf.c:8
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
1: (56) if w0 != 0x0 goto pc-2 0: R0_w=scalar(smin=0x8000000000000001,umin=umin32=1) R10=fp0
; while (bpf_get_prandom_u32() != 0) continue; @ faulty_endless.bpf.c:8
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
1: (56) if w0 != 0x0 goto pc-2 0: R0=scalar(smin=0x8000000000000001,umin=umin32=1) R10=fp0
; while (bpf_get_prandom_u32() != 0) continue; @ faulty_endless.bpf.c:8
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
1: (56) if w0 != 0x0 goto pc-2 ; while (bpf_get_prandom_u32() != 0) continue; @ faulty_endless.bpf.c:8
infinite loop detected at insn 0
cur state: R0_w=scalar(smin=0x8000000000000001,umin=umin32=1) R10=fp0
old state: R0_w=scalar(smin=0x8000000000000001,umin=umin32=1) R10=fp0
processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_endless': failed to load: -22
libbpf: failed to load object 'faulty_endless'
`;

export const returnOn6_12 = `libbpf: prog 'faulty_return': BPF program load failed: Invalid argument
libbpf: prog 'faulty_return': -- BEGIN PROG LOAD LOG --
arg#0 reference type('UNKNOWN ') size cannot be determined: -22
0: R1=ctx() R10=fp0
; return 1; @ faulty_return.bpf.c:13
0: (b4) w0 = 1                        ; R0_w=1
1: (95) exit
At program exit the register R0 has smin=1 smax=1 should have been in [-4095, 0]
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_return': failed to load: -22
libbpf: failed to load object 'faulty_return'
`;

export const writeOn6_12 = `libbpf: prog 'faulty_write': BPF program load failed: Permission denied
libbpf: prog 'faulty_write': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; LSM_PROGRAM(file_open, faulty_write, struct file* file) { @ faulty_write.bpf.c:8
0: (79) r1 = *(u64 *)(r1 +0)
func 'bpf_lsm_file_open' arg0 has btf_id 729 type STRUCT 'file'
1: R1_w=trusted_ptr_file()
1: (b4) w2 = 0                        ; R2_w=0
; file->f_flags = 0; @ faulty_write.bpf.c:9
2: (63) *(u32 *)(r1 +48) = r2
only read is supported
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_write': failed to load: -13
libbpf: failed to load object 'faulty_write'
`;

export const argsOn6_1 = `libbpf: prog 'faulty_args': BPF program load failed: Permission denied
libbpf: prog 'faulty_args': -- BEGIN PROG LOAD LOG --
reg type unsupported for arg#0 function faulty_args#5
0: R1=ctx(off=0,imm=0) R10=fp0
; LSM_PROGRAM(file_open, faulty_args, void* file, long result, long beyond) {
0: (79) r1 = *(u64 *)(r1 +16)
func 'bpf_lsm_file_open' doesn't have 3-th argument
invalid bpf_context access off=16 size=8
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_args': failed to load: -13
libbpf: failed to load object 'faulty_args'
`;

export const argsOn7_3 = `libbpf: prog 'faulty_args': BPF program load failed: Permission denied
libbpf: prog 'faulty_args': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; LSM_PROGRAM(file_open, faulty_args, void* file, long result, long beyond) { @ faulty_args.bpf.c:10
0: (79) r1 = *(u64 *)(r1 +16)
func 'bpf_lsm_file_open' doesn't have 3-th argument
invalid bpf_context access off=16 size=8
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_args': failed to load: -13
libbpf: failed to load object 'faulty_args'
`;

export const sleepableOn7_3 = `libbpf: prog 'faulty_sleepable': BPF program load failed: Invalid argument
libbpf: prog 'faulty_sleepable': -- BEGIN PROG LOAD LOG --
bpf_lsm_file_mprotect is not sleepable
processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_sleepable': failed to load: -22
libbpf: failed to load object 'faulty_sleepable'
`;

export const licenseOn7_3 = `libbpf: prog 'faulty_license': BPF program load failed: Invalid argument
libbpf: prog 'faulty_license': -- BEGIN PROG LOAD LOG --
LSM programs must have a GPL compatible license
processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_license': failed to load: -22
libbpf: failed to load object 'faulty_license'
`;

export const disabledOn7_3 = `libbpf: prog 'faulty_disabled': BPF program load failed: Invalid argument
libbpf: prog 'faulty_disabled': -- BEGIN PROG LOAD LOG --
attach_btf_id 67560 points to disabled hook bpf_lsm_inode_listsecurity
processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'faulty_disabled': failed to load: -22
libbpf: failed to load object 'faulty_disabled'
`;

export const hookOn7_3 = `libbpf: prog 'faulty_hook': failed to find kernel BTF type ID of 'no_such_hook': -3
libbpf: prog 'faulty_hook': failed to prepare load attributes: -3
libbpf: prog 'faulty_hook': failed to load: -3
libbpf: failed to load object 'faulty_hook'
`;
