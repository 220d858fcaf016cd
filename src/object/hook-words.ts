import type { Btf, BtfFuncProto } from '../btf/index.js';
import { kernelBtf } from './kernel-hooks.js';

/** Where a hook's argument is in the context of its programs, which is an array of 64-bit words. @internal */
export interface ContextWord {
  name: string;
  /** BTF id of the argument's type in the kernel's BTF. */
  type: number;
  /** The first of its words. */
  word: number;
  /** Whether it points to a struct or union, so that programs may follow it. */
  toStruct: boolean;
}

/**
 * The arguments of a kernel function as its programs see them. One that is a struct itself takes as many words as it
 * fills (kernel/bpf/btf.c get_ctx_arg_idx()).
 */
export function contextWords(functionId: number): ContextWord[] {
  const btf = kernelBtf();
  const proto = btf && prototypeOf(btf, functionId);
  if (!btf || !proto) return [];
  let next = 0;
  return proto.params.map(({ name, type }) => {
    const word = next;
    next += Math.ceil(btf.sizeOf(type) / 8);
    return { name, type, word, toStruct: pointsToStruct(btf, type) };
  });
}

/** The prototype of a function; undefined for another type. @internal */
export function prototypeOf(btf: Btf, functionId: number): BtfFuncProto | undefined {
  const func = btf.type(functionId);
  const proto = func.kind === 'func' ? btf.type(func.type) : undefined;
  return proto?.kind === 'func_proto' ? proto : undefined;
}

function pointsToStruct(btf: Btf, type: number): boolean {
  const pointer = btf.type(btf.resolve(type));
  if (pointer.kind !== 'ptr') return false;
  const target = btf.kindOf(btf.resolve(pointer.type));
  return target === 'struct' || target === 'union';
}
