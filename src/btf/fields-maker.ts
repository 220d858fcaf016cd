import type { Buffer } from 'node:buffer';

/** Makes objects that read the fields of one record wherever they are moved to. */
export interface FieldsMaker {
  /** A new one, to be moved before it is read. */
  make(): object;
  /** Moves one that was made here to a record at a byte offset in the memory that `view` and `bytes` both span. */
  move(fields: object, view: DataView, bytes: Buffer, at: number): void;
}
