import { BpfError } from '../errors.js';

/** `name=value` */
export function splitSetting(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at > 0) return { name: text.slice(0, at).trim(), value: text.slice(at + 1) };
  throw new BpfError(`--set wants name=value, not "${text}"`, { code: 'ERR_BPF_ARGUMENT', reason: 'input' });
}

/**
 * The value that a text stands for, given what the variable holds now: its type decides. Integers are decimal or 0x...;
 * structs, arrays and bytes are JSON.
 */
export function valueFromText(name: string, text: string, now: unknown): unknown {
  switch (typeof now) {
    case 'bigint':
    case 'number':
      return numberFromText(text, now) ?? text;
    case 'boolean':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      return text;
    case 'string':
      // A char array, or an enum, which takes a number too.
      return text;
    default:
      return fromJson(name, text);
  }
}

/** Undefined for a text that is no number: an enumerator's name, or a mistake that the variable's type refuses. */
function numberFromText(text: string, now: number | bigint): number | bigint | undefined {
  if (typeof now === 'number' && /^[+-]?\d+\.\d*(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const [, sign, digits] = /^([+-]?)(\d+|0x[0-9a-f]+)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return typeof now === 'bigint' ? value : Number(value);
}

function fromJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BpfError(`the value of "${name}" is not JSON: ${text}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      hint: "structs and arrays are set as JSON: --set 'limits=[1, 2]'",
      cause,
    });
  }
}
