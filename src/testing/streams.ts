/** What a slot's stream turns into. */
export interface StreamEvents {
  /** The command has begun. */
  begin(): void;
  data(chunk: Buffer): void;
  /** The command has ended; `trailer` is what stands between the end mark and the end of its line. */
  end(trailer: string): void;
}

type State = 'before' | 'within' | 'trailer' | 'after';

/**
 * Cuts one command's output out of a slot's stream: what lies between the marks `\x01MARK+\n` and `\x01MARK-`. Bytes
 * before and after, from processes an earlier command left behind, are dropped. Output is passed on as soon as it
 * cannot be the beginning of the end mark.
 */
export class StreamCutter {
  #begin: Buffer;
  #end: Buffer;
  #events: StreamEvents;
  #state: State = 'before';
  #held: Buffer = Buffer.alloc(0);

  constructor(mark: string, events: StreamEvents) {
    this.#begin = Buffer.from(`\x01${mark}+\n`);
    this.#end = Buffer.from(`\x01${mark}-`);
    this.#events = events;
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    let state: State;
    do {
      state = this.#state;
      this.#step();
    } while (state !== this.#state);
  }

  #step(): void {
    if (this.#state === 'before') this.#skipTo(this.#begin);
    else if (this.#state === 'within') this.#passTo(this.#end);
    else if (this.#state === 'trailer') this.#readTrailer();
    else this.#held = Buffer.alloc(0);
  }

  #skipTo(mark: Buffer): void {
    const at = this.#held.indexOf(mark);
    if (at < 0) {
      this.#held = this.#held.subarray(this.#held.length - partialMatch(this.#held, mark));
      return;
    }
    this.#held = this.#held.subarray(at + mark.length);
    this.#state = 'within';
    this.#events.begin();
  }

  #passTo(mark: Buffer): void {
    const at = this.#held.indexOf(mark);
    const whole = at >= 0 ? at : this.#held.length - partialMatch(this.#held, mark);
    if (whole > 0) this.#events.data(this.#held.subarray(0, whole));
    this.#held = this.#held.subarray(at >= 0 ? at + mark.length : whole);
    if (at >= 0) this.#state = 'trailer';
  }

  #readTrailer(): void {
    const newline = this.#held.indexOf(10);
    if (newline < 0) return;
    const trailer = this.#held.toString('latin1', 0, newline);
    this.#state = 'after';
    this.#events.end(trailer);
  }
}

/** How many bytes at the end of `data` are a beginning of `mark`. */
export function partialMatch(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length--) {
    if (data.subarray(data.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
