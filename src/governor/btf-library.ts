import { Btf } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { type NativeFoundBtf, native } from '../native.js';
import { kernelBtf } from '../object/index.js';

/** The BTF objects of the kernel, each read when something in it is asked for the first time. */
export class BtfLibrary {
  readonly #objects: ReadonlyMap<number, NativeFoundBtf>;
  readonly #read = new Map<number, Btf | undefined>();

  constructor(objects: readonly NativeFoundBtf[]) {
    this.#objects = new Map(objects.map((object) => [object.id, object]));
  }

  /** The name of a function by its BTF object and its id there; undefined when that is gone, or no function. */
  functionName(objectId: number, typeId: number): string | undefined {
    if (objectId === 0 || typeId === 0) return undefined;
    const btf = this.#btf(objectId);
    if (!btf || typeId > btf.types || btf.kindOf(typeId) !== 'func') return undefined;
    return btf.bareNameOf(typeId);
  }

  #btf(id: number): Btf | undefined {
    if (!this.#read.has(id)) this.#read.set(id, this.#parse(id));
    return this.#read.get(id);
  }

  #parse(id: number): Btf | undefined {
    const object = this.#objects.get(id);
    const kernel = kernelBtf() ?? undefined;
    if (object?.ofKernel && object.name === 'vmlinux') return kernel;
    try {
      // A module's BTF continues the kernel's.
      return Btf.parse(native().btfById(id), object?.ofKernel ? kernel : undefined);
    } catch (error) {
      if (error instanceof BpfError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
