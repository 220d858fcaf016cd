import type { Buffer } from 'node:buffer';
import type { Reader } from './decode-rules.js';

/** `TASK_COMM_LEN`: process names, which repeat from event to event. */
const COMM_BYTES = 16;
const CACHE_SLOTS = 256;

const cachedWords = new Uint32Array(CACHE_SLOTS * 4);
const cachedText: string[] = new Array(CACHE_SLOTS).fill('');

/** A reader of a char array: its text up to the first NUL, with U+FFFD for what is not UTF-8. */
export function textReader(size: number): Reader {
  return size === COMM_BYTES ? readComm : (_, bytes, at) => readText(bytes, at, size);
}

/** Sixteen bytes of text, remembered by their four words so that a repeated name is not made again. */
function readComm(view: DataView, bytes: Buffer, at: number): string {
  const a = view.getUint32(at, true);
  const b = view.getUint32(at + 4, true);
  const c = view.getUint32(at + 8, true);
  const d = view.getUint32(at + 12, true);
  const slot = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(d, 29791), 0x9e3779b1) >>> 24;
  const word = slot * 4;
  if (
    cachedWords[word] === a &&
    cachedWords[word + 1] === b &&
    cachedWords[word + 2] === c &&
    cachedWords[word + 3] === d
  ) {
    return cachedText[slot] ?? '';
  }
  const text = readText(bytes, at, COMM_BYTES);
  cachedWords[word] = a;
  cachedWords[word + 1] = b;
  cachedWords[word + 2] = c;
  cachedWords[word + 3] = d;
  cachedText[slot] = text;
  return text;
}

function readText(bytes: Buffer, at: number, size: number): string {
  let end = at;
  while (end < at + size && bytes[end] !== 0) {
    end++;
  }
  return bytes.toString('utf8', at, end);
}
