import { deserialize, serialize } from 'node:v8';

/** A message on the channel between pool and worker: four bytes of length, then what v8.serialize makes of it. */
export function encodeFrame(message: unknown): Buffer {
  const body = serialize(message);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** The frame that means "no more": a length of zero, which no message has. */
export function goodbye(): Buffer {
  return Buffer.alloc(4);
}

/** Puts messages together again from whatever pieces arrive. */
export class FrameReader {
  readonly #onMessage: (message: unknown) => void;
  readonly #onGoodbye: () => void;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(onMessage: (message: unknown) => void, onGoodbye: () => void = () => undefined) {
    this.#onMessage = onMessage;
    this.#onGoodbye = onGoodbye;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (let size = this.#nextSize(); size !== undefined; size = this.#nextSize()) this.#take(size);
  }

  /** The size of the next message's body if all of it is here. */
  #nextSize(): number | undefined {
    if (this.#length < 4) return undefined;
    const size = this.#gather().readUInt32LE(0);
    return this.#length >= 4 + size ? size : undefined;
  }

  #gather(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= 4 && this.#chunks.length === 1) return first;
    // Only a frame's head must be in one piece before its body is complete.
    if (first !== undefined && first.length >= 4 && this.#length < 4 + first.readUInt32LE(0)) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  #take(size: number): void {
    const all = Buffer.concat(this.#chunks);
    const rest = all.subarray(4 + size);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    if (size === 0) this.#onGoodbye();
    else this.#onMessage(deserialize(all.subarray(4, 4 + size)));
  }
}
