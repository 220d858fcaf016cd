import { describeValue } from '../../btf/index.js';
import { BpfError } from '../../errors.js';

/** When setting is allowed: always, only for a new key, or only for a key that is there. */
export type SetMode = 'any' | 'noexist' | 'exist';

/** BPF_ANY, BPF_NOEXIST or BPF_EXIST. */
export function modeFlags(mode: SetMode, map: string): number {
  switch (mode) {
    case 'any':
      return 0;
    case 'noexist':
      return 1;
    case 'exist':
      return 2;
    default:
      throw new BpfError(`map "${map}" cannot be set in mode ${describeValue(mode)}`, {
        code: 'ERR_BPF_ARGUMENT',
        reason: 'input',
        map,
        hint: 'use any, noexist or exist',
      });
  }
}
