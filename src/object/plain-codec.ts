import { type Codec, describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';

/** Array maps are indexed by a __u32, which libbpf does not always describe by BTF. */
export function indexCodec(label: string): Codec<number> {
  return {
    typeName: 'unsigned int',
    size: 4,
    decode: (bytes, offset = 0) =>
      new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, littleEndian),
    encode(value, into = new Uint8Array(4), offset = 0) {
      if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
        throw new BpfError(`${label}: ${describeValue(value)} is no index (0 to 4294967295)`, {
          code: typeof value === 'number' ? 'ERR_BPF_VALUE_RANGE' : 'ERR_BPF_VALUE_TYPE',
          reason: 'input',
        });
      }
      new DataView(into.buffer, into.byteOffset + offset, 4).setUint32(0, value, littleEndian);
      return into;
    },
  };
}

/** Whether this machine is. */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Keys and values without BTF. */
export function bytesCodec(label: string, size: number): Codec<Uint8Array> {
  return {
    typeName: `char[${size}]`,
    size,
    decode: (bytes, offset = 0) => bytes.slice(offset, offset + size),
    encode(value, into = new Uint8Array(size), offset = 0) {
      if (!(value instanceof Uint8Array)) {
        throw new BpfError(
          `${label}: a Uint8Array of ${size} bytes is wanted, since there is no BTF for it`,
          {
            code: 'ERR_BPF_VALUE_TYPE',
            reason: 'input',
          },
        );
      }
      if (value.length !== size) {
        throw new BpfError(`${label}: ${size} bytes are wanted, not ${value.length}`, {
          code: 'ERR_BPF_VALUE_RANGE',
          reason: 'input',
        });
      }
      into.set(value, offset);
      return into;
    },
  };
}

/** A per-CPU map's value: one for every possible CPU, each padded to 8 bytes (kernel/bpf/syscall.c bpf_map_value_size()). */
export function perCpuCodec<T>(label: string, each: Codec<T>, bytes: number): Codec<T[]> {
  const stride = (each.size + 7) & ~7;
  const cpus = bytes / stride;
  return {
    typeName: `${each.typeName} per CPU`,
    size: bytes,
    decode(from, offset = 0) {
      const values: T[] = [];
      for (let cpu = 0; cpu < cpus; cpu++) values.push(each.decode(from, offset + cpu * stride));
      return values;
    },
    encode(values, into = new Uint8Array(bytes), offset = 0) {
      if (!Array.isArray(values) || values.length !== cpus) {
        throw new BpfError(`${label}: an array of ${cpus} values is wanted, one for every possible CPU`, {
          code: 'ERR_BPF_VALUE_TYPE',
          reason: 'input',
        });
      }
      // The kernel takes the padding too, whatever the buffer held before.
      into.fill(0, offset, offset + bytes);
      // Not forEach(), which would leave out the holes of an array and so pass them for zeros.
      for (let cpu = 0; cpu < cpus; cpu++) each.encode(values[cpu] as T, into, offset + cpu * stride);
      return into;
    },
  };
}
