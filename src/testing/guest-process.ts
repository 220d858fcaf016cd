import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { type Duplex, Readable, type Writable } from 'node:stream';
import type { Slot, SlotStatus } from './slot.js';

/** How a command in the guest ended: by itself with `code`, or by `signal`; the other is null. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that runs in a guest. */
export class GuestProcess {
  readonly command: readonly string[];
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The command's standard input, when it was asked for; end it to give the command an end of file. */
  readonly stdin: Writable | undefined;
  /** Both ways to the command's file descriptor 3, when it was asked for. */
  readonly channel: Duplex | undefined;
  /** Fulfilled after all output has been delivered; rejects with VmError when the guest is gone first. */
  readonly exited: Promise<ExitStatus>;
  readonly #kill: (signal: NodeJS.Signals) => void;

  /** @internal */
  constructor(parts: GuestProcessParts) {
    this.command = parts.command;
    this.stdout = parts.stdout;
    this.stderr = parts.stderr;
    this.stdin = parts.stdin;
    this.channel = parts.channel;
    this.exited = parts.exited;
    this.#kill = parts.kill;
  }

  /** Sends a signal to the command and all of its session that shares its process group. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#kill(signal);
  }
}

/** @internal */
export interface GuestProcessParts {
  readonly command: readonly string[];
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly stdin: Writable | undefined;
  readonly channel: Duplex | undefined;
  readonly exited: Promise<ExitStatus>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** A stream fed by a slot's port; the port waits while nobody reads. */
export function portStream(port: Slot['output']): Readable {
  return new Readable({
    read: () => port.resume(),
    destroy: (error, done) => {
      port.resume();
      done(error);
    },
  });
}

/** The third port's socket ends with the command. */
export function closeInput(socket: Socket | undefined): void {
  socket?.destroy();
}

/** The agent's status as Node tells an exit: a shell gives 128 plus the signal's number. */
export function exitStatus({ status, signalled }: SlotStatus): ExitStatus {
  if (!signalled) return { code: status, signal: null };
  const names = Object.entries(constants.signals).filter(([, number]) => number === status - 128);
  const signal = names[0]?.[0] as NodeJS.Signals | undefined;
  return signal === undefined ? { code: status, signal: null } : { code: null, signal };
}
