import {
  isIn,
  type Policy,
  type PolicyObject,
  type PortRange,
  parseNetwork,
  type Transport,
} from '../model/index.js';
import type { Acted } from './acted.js';
import { type ActedFile, type Anchors, isAt } from './files.js';
import { governs } from './subject.js';

/** From 0, the nearest, on; null for what does not match. Comparable among objects of one sort. */
export type Nearness = number | null;

// Of files: the file itself, its name, what it is; then two for each step up, the directory and what it is the top of.
const [ITSELF, ITS_NAME, WHAT_IT_IS, FIRST_STEP] = [0, 1, 2, 3];

/** How near an object of a rule is to what is acted upon. */
export function nearness(object: PolicyObject, acted: Acted, policy: Policy, anchors: Anchors): Nearness {
  switch (object.kind) {
    case 'path':
    case 'beneath':
    case 'name':
    case 'set-id':
    case 'owner':
    case 'file-system':
      return acted.kind === 'file' ? ofFile(object, acted, anchors) : null;
    case 'unix-path':
    case 'unix-beneath': {
      const kind = object.kind === 'unix-path' ? 'path' : 'beneath';
      return acted.kind === 'unix' ? ofFile({ kind, path: object.path }, acted.file, anchors) : null;
    }
    case 'unix-abstract':
      return when(acted.kind === 'unix-abstract' && acted.name === object.name);
    case 'ip':
      return acted.kind === 'ip' &&
        isIn(acted.address, parseNetwork(`${object.address}/${object.prefix}`)) &&
        isFor(object, acted)
        ? ofAddress(object.prefix, object)
        : null;
    case 'port':
      return acted.kind === 'ip' && isFor(object, acted) ? ofAddress(null, object) : null;
    case 'target-executable':
    case 'target-uid':
    case 'target-scope':
      return acted.kind === 'process' ? when(isTarget(object, acted.process, policy, anchors)) : null;
    case 'socket': {
      if (acted.kind !== 'socket') return null;
      const wanted = [object.family, object.type, object.protocol];
      const given = [acted.family, acted.type, acted.protocol];
      const said = wanted.filter((word) => word !== null).length;
      return wanted.every((word, i) => word === null || word === given[i]) ? 3 - said : null;
    }
    case 'capability':
      return when(acted.kind === 'capability' && acted.capability === object.capability);
    case 'bpf-program-type':
      return when(acted.kind === 'bpf' && acted.programType === object.type);
    case 'bpf-command':
      return acted.kind === 'bpf' && acted.command === object.command ? 1 : null;
    case 'mount-type':
      return when(acted.kind === 'mount' && acted.type === object.type);
    case 'lockdown-reason':
      return when(acted.kind === 'lockdown' && acted.reason === object.reason);
  }
}

type FileObject = Extract<
  PolicyObject,
  { kind: 'path' | 'beneath' | 'name' | 'set-id' | 'owner' | 'file-system' }
>;

function ofFile(object: FileObject, { steps, attributes }: ActedFile, anchors: Anchors): Nearness {
  const [itself] = steps;
  switch (object.kind) {
    case 'path':
      return itself && isAt(anchors(object.path), itself) ? ITSELF : null;
    case 'name':
      return itself?.entry?.name === object.name ? ITS_NAME : null;
    case 'set-id':
      return attributes?.setId === true ? WHAT_IT_IS : null;
    case 'owner':
      return attributes?.uid === object.uid ? WHAT_IT_IS : null;
    case 'beneath': {
      const anchor = anchors(object.path);
      const met = steps.findIndex((step) => isAt(anchor, step));
      return met < 0 ? null : FIRST_STEP + 2 * met;
    }
    case 'file-system': {
      const first = steps.findIndex(({ fileSystem }) => isOfType(fileSystem, object.type));
      if (first < 0) return null;
      // It stands where the way leaves it, just beyond the last directory on it.
      const left = steps.findIndex((step, i) => i > first && step.device !== steps[first]?.device);
      const last = (left < 0 ? steps.length : left) - 1;
      return FIRST_STEP + 2 * last + (object.type.includes('.') ? 0.5 : 1);
    }
  }
}

/** A rule for fuse is one for fuse.sshfs too, and farther than one for that. */
function isOfType(fileSystem: string, type: string): boolean {
  return fileSystem === type || fileSystem.startsWith(`${type}.`);
}

function isTarget(
  object: Extract<PolicyObject, { kind: 'target-executable' | 'target-uid' | 'target-scope' }>,
  target: Extract<Acted, { kind: 'process' }>['process'],
  policy: Policy,
  anchors: Anchors,
): boolean {
  switch (object.kind) {
    case 'target-executable': {
      const itself = target.executable?.steps[0];
      return itself !== undefined && isAt(anchors(object.path), itself);
    }
    case 'target-uid':
      return target.uids.real === object.uid;
    case 'target-scope':
      return governs(policy, target, anchors) === (object.scope === 'inside');
  }
}

interface PortsAndTransport {
  readonly ports: PortRange | null;
  readonly transport: Transport | null;
}

const ALL_PORTS = 65_536;

function isFor({ ports, transport }: PortsAndTransport, acted: Extract<Acted, { kind: 'ip' }>): boolean {
  return (
    (ports === null || (ports.from <= acted.port && acted.port <= ports.to)) &&
    (transport === null || transport === acted.transport)
  );
}

/** The longest prefix first, then the fewest ports, then one with a transport. */
function ofAddress(prefix: number | null, { ports, transport }: PortsAndTransport): number {
  const short = prefix === null ? 129 : 128 - prefix;
  const width = ports === null ? ALL_PORTS : ports.to - ports.from + 1;
  return (short * (ALL_PORTS + 1) + width) * 2 + (transport === null ? 1 : 0);
}

function when(matches: boolean): Nearness {
  return matches ? 0 : null;
}
