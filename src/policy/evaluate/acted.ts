import type {
  AddressFamily,
  CapabilityName,
  IpAddress,
  Protocol,
  SocketType,
  Transport,
} from '../model/index.js';
import type { ActedFile } from './files.js';
import type { Subject } from './subject.js';

/** What an operation acts on: one of these for each sort of objects. */
export type Acted =
  | ActedFile
  | { readonly kind: 'process'; readonly process: Subject }
  | { readonly kind: 'capability'; readonly capability: CapabilityName }
  /** What socket(2) was asked for, by the names that there are; undefined where it has none here. */
  | {
      readonly kind: 'socket';
      readonly family: AddressFamily | undefined;
      readonly type: SocketType | undefined;
      readonly protocol: Protocol | undefined;
    }
  | {
      readonly kind: 'ip';
      readonly address: IpAddress;
      readonly port: number;
      readonly transport: Transport | undefined;
    }
  /** A unix socket; its file, for those with a path. */
  | { readonly kind: 'unix'; readonly file: ActedFile }
  | { readonly kind: 'unix-abstract'; readonly name: string }
  /** An address of another family, or a unix socket without a name. */
  | { readonly kind: 'other-address' }
  | { readonly kind: 'bpf'; readonly command: string; readonly programType: string | undefined }
  /** A new mount, by its type of file system; undefined for a bind mount, which has none of its own. */
  | { readonly kind: 'mount'; readonly type: string | undefined }
  | { readonly kind: 'lockdown'; readonly reason: string }
  | { readonly kind: 'nothing' };

/** Whether all is known of where it is. */
export function isComplete(acted: Acted): boolean {
  const file = acted.kind === 'unix' ? acted.file : acted;
  return file.kind !== 'file' || file.complete;
}
