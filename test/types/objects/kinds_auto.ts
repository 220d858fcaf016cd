// The types of the BPF object "kinds_auto", written by `bpf-lsm types`: write them again when it changes.

import type { Input, Union } from '../../../src/index.js';

/** What the object holds: `BpfObject.open<KindsAuto>(...)`. */
export interface KindsAuto {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'auto';
  programs: 'copy_kinds' | 'copy_read_only' | 'send_kinds';
  maps: {
    by_key: { type: 'hash'; key: Key; value: Kinds };
    by_index: { type: 'array'; key: number; value: Nested };
    runs: { type: 'percpu_array'; key: number; value: (number | bigint)[] };
    perf_records: { type: 'perf_event_array'; value: Kinds };
    perf_records_dropped: { type: 'percpu_array'; key: number; value: (number | bigint)[] };
    records: { type: 'ringbuf'; value: Kinds };
    '.rodata': { type: 'array'; key: number; value: RodataSection };
    '.data': { type: 'array'; key: number; value: DataSection };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __s8 */
    data_s8: number;
    /** __u8 */
    data_u8: number;
    /** __s16 */
    data_s16: number;
    /** __u16 */
    data_u16: number;
    /** __s32 */
    data_s32: number;
    /** __u32 */
    data_u32: number;
    /** __s64 */
    data_s64: number | bigint;
    /** __u64 */
    data_u64: number | bigint;
    /** _Bool */
    data_bool: boolean;
    /** volatile char[16] */
    data_name: string;
    data_colour: Colour;
    data_temperature: Temperature;
    /** volatile __u32[4] */
    get data_array(): [number, number, number, number];
    set data_array(value: Input<[number, number, number, number]>);
    /** double */
    data_real: number;
    /** void * */
    get data_pointer(): bigint;
    set data_pointer(value: bigint | number);
    get data_kinds(): Kinds;
    set data_kinds(value: Input<Kinds>);
    /** __s8 */
    bss_s8: number;
    /** __u8 */
    bss_u8: number;
    /** __s16 */
    bss_s16: number;
    /** __u16 */
    bss_u16: number;
    /** __s32 */
    bss_s32: number;
    /** __u32 */
    bss_u32: number;
    /** __s64 */
    bss_s64: number | bigint;
    /** __u64 */
    bss_u64: number | bigint;
    /** _Bool */
    bss_bool: boolean;
    /** volatile char[16] */
    bss_name: string;
    bss_colour: Colour;
    bss_temperature: Temperature;
    /** void * */
    get bss_pointer(): bigint;
    set bss_pointer(value: bigint | number);
    get bss_kinds(): Kinds;
    set bss_kinds(value: Input<Kinds>);
    get last_input(): InputStruct;
    set last_input(value: Input<InputStruct>);
  };
  /** Set before the object is loaded, fixed from then on. */
  constants: {
    /** __s8 */
    ro_s8: number;
    /** __u8 */
    ro_u8: number;
    /** __s16 */
    ro_s16: number;
    /** __u16 */
    ro_u16: number;
    /** __s32 */
    ro_s32: number;
    /** __u32 */
    ro_u32: number;
    /** __s64 */
    ro_s64: number | bigint;
    /** __u64 */
    ro_u64: number | bigint;
    /** _Bool */
    ro_bool: boolean;
    /** const volatile char[16] */
    ro_name: string;
    ro_colour: Colour;
    ro_temperature: Temperature;
    get ro_kinds(): Kinds;
    set ro_kinds(value: Input<Kinds>);
  };
}

/** `enum colour` */
export type Colour = 'RED' | 'GREEN' | 'BLUE' | number;

/** `enum temperature` */
export type Temperature = 'FREEZING' | 'MILD' | 'HOT' | number;

/** `struct point`, 8 bytes */
export interface Point {
  /** __s32 */
  x: number;
  /** __s32 */
  y: number;
}

/** `struct nested`, 20 bytes */
export type Nested = {
  /** __u16 */
  tag: number;
  at: Point;
  pair: {
    /** __u8 */
    low: number;
    /** __u8 */
    high: number;
  };
} & Union<
  | { /** __u32 */ left: number }
  | { /** __s32 */ right: number }
>;

/** `union number`, 8 bytes */
export type NumberUnion = Union<
  | { /** __u64 */ whole: number | bigint }
  | { /** __s64 */ signed_whole: number | bigint }
  | { /** __u32[2] */ halves: [number, number] }
  | { /** __u8[8] */ bytes: Uint8Array }
>;

/** `struct bits`, 16 bytes */
export interface Bits {
  /** __u32 : 1 */
  flag: number;
  /** __s32 : 5 */
  small: number;
  /** __u32 : 26 */
  middle: number;
  /** __u64 : 40 */
  wide: number | bigint;
  /** __s64 : 24 */
  rest: number;
}

/** `struct kinds`, 176 bytes */
export interface Kinds {
  /** __s8 */
  s8: number;
  /** __u8 */
  u8: number;
  /** __s16 */
  s16: number;
  /** __u16 */
  u16: number;
  /** __s32 */
  s32: number;
  /** __u32 */
  u32: number;
  /** __s64 */
  s64: number | bigint;
  /** __u64 */
  u64: number | bigint;
  /** _Bool */
  yes: boolean;
  /** _Bool */
  no: boolean;
  /** char */
  letter: number;
  /** char[16] */
  name: string;
  colour: Colour;
  temperature: Temperature;
  nested: Nested;
  number: NumberUnion;
  bits: Bits;
  /** __u16[4] */
  list: [number, number, number, number];
  /** __s32[2][3] */
  grid: [[number, number, number], [number, number, number]];
  /** struct point[2] */
  path: [Point, Point];
  /** float */
  single: number;
  /** double */
  real: number;
  /** void * */
  pointer: bigint;
}

/** `struct key`, 8 bytes */
export interface Key {
  /** __u32 */
  id: number;
  /** __s16 */
  zone: number;
  /** __u16 */
  port: number;
}

/** `struct input`, 16 bytes */
export interface InputStruct {
  key: Key;
  /** __u32 */
  index: number;
  /** __u32 */
  events: number;
}

/** `.rodata`, 240 bytes */
export interface RodataSection {
  /** __s8 */
  ro_s8: number;
  /** __u8 */
  ro_u8: number;
  /** __s16 */
  ro_s16: number;
  /** __u16 */
  ro_u16: number;
  /** __s32 */
  ro_s32: number;
  /** __u32 */
  ro_u32: number;
  /** __s64 */
  ro_s64: number | bigint;
  /** __u64 */
  ro_u64: number | bigint;
  /** _Bool */
  ro_bool: boolean;
  /** const volatile char[16] */
  ro_name: string;
  ro_colour: Colour;
  ro_temperature: Temperature;
  ro_kinds: Kinds;
}

/** `.data`, 272 bytes */
export interface DataSection {
  /** __s8 */
  data_s8: number;
  /** __u8 */
  data_u8: number;
  /** __s16 */
  data_s16: number;
  /** __u16 */
  data_u16: number;
  /** __s32 */
  data_s32: number;
  /** __u32 */
  data_u32: number;
  /** __s64 */
  data_s64: number | bigint;
  /** __u64 */
  data_u64: number | bigint;
  /** _Bool */
  data_bool: boolean;
  /** volatile char[16] */
  data_name: string;
  data_colour: Colour;
  data_temperature: Temperature;
  /** volatile __u32[4] */
  data_array: [number, number, number, number];
  /** double */
  data_real: number;
  /** void * */
  data_pointer: bigint;
  data_kinds: Kinds;
}

/** `.bss`, 264 bytes */
export interface BssSection {
  /** __s8 */
  bss_s8: number;
  /** __u8 */
  bss_u8: number;
  /** __s16 */
  bss_s16: number;
  /** __u16 */
  bss_u16: number;
  /** __s32 */
  bss_s32: number;
  /** __u32 */
  bss_u32: number;
  /** __s64 */
  bss_s64: number | bigint;
  /** __u64 */
  bss_u64: number | bigint;
  /** _Bool */
  bss_bool: boolean;
  /** volatile char[16] */
  bss_name: string;
  bss_colour: Colour;
  bss_temperature: Temperature;
  /** void * */
  bss_pointer: bigint;
  bss_kinds: Kinds;
  last_input: InputStruct;
}
