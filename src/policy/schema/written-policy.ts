import {
  bitsOf,
  type IdRange,
  OPERATION_CLASSES,
  type Policy,
  type PolicyObject,
  type PortRange,
  type Rule,
  type Scope,
} from '../model/index.js';
import type { IdInput, PolicyInput, PortInput, RuleInput } from './input.js';

/** A policy as one writes it: {@link definePolicy} makes the same of it. */
export function writtenPolicy(policy: Policy): PolicyInput {
  const { name, description, scope, conditions, mode, errno, onExhaustion, defaults, rules } = policy;
  const when = {
    ...(conditions.executables && { executables: conditions.executables.map(writtenObject) }),
    ...(conditions.uids && { uids: conditions.uids.map(writtenRange) }),
    ...(conditions.gids && { gids: conditions.gids.map(writtenRange) }),
  };
  const denied = OPERATION_CLASSES.filter((name) => defaults[name] === 'deny');
  return {
    name,
    ...(description !== null && { description }),
    scope: writtenScope(scope),
    ...(Object.keys(when).length > 0 && { when }),
    mode,
    ...(errno !== 'EACCES' && { errno }),
    ...(onExhaustion !== 'deny' && { onExhaustion }),
    ...(denied.length > 0 && { defaults: Object.fromEntries(denied.map((name) => [name, 'deny'])) }),
    rules: rules.map(writtenRule),
  } as PolicyInput;
}

function writtenScope(scope: Scope): PolicyInput['scope'] {
  switch (scope.kind) {
    case 'host':
      return 'host';
    case 'cgroup':
      return { cgroup: scope.path };
    case 'domain':
      return { domain: scope.name };
  }
}

function writtenRule({ effect, operations, objects, reason }: Rule): RuleInput {
  return {
    [effect]: operations,
    ...(objects !== null && { objects: objects.map(writtenObject) }),
    ...(reason !== null && { reason }),
  } as unknown as RuleInput;
}

function writtenObject(object: PolicyObject): object {
  switch (object.kind) {
    case 'path':
      return { path: object.path };
    case 'beneath':
      return { beneath: object.path };
    case 'name':
      return { name: object.name };
    case 'set-id':
      return { setId: true };
    case 'owner':
      return { owner: object.uid };
    case 'file-system':
    case 'mount-type':
      return { fileSystem: object.type };
    case 'target-executable':
      return { executable: object.path };
    case 'target-uid':
      return { uid: object.uid };
    case 'target-scope':
      return { scope: object.scope };
    case 'capability':
      return { capability: object.capability };
    case 'socket': {
      const { family, type, protocol } = object;
      return { ...(family && { family }), ...(type && { type }), ...(protocol && { protocol }) };
    }
    case 'ip': {
      const { family, address, prefix, ports, transport } = object;
      const text = prefix === bitsOf(family) ? address : `${address}/${prefix}`;
      return { address: text, ...(ports && { port: writtenRange(ports) }), ...(transport && { transport }) };
    }
    case 'port':
      return { port: writtenRange(object.ports), ...(object.transport && { transport: object.transport }) };
    case 'unix-path':
      return { unix: object.path };
    case 'unix-beneath':
      return { unixBeneath: object.path };
    case 'unix-abstract':
      return { unixAbstract: object.name };
    case 'bpf-command':
      return { command: object.command };
    case 'bpf-program-type':
      return { programType: object.type };
    case 'lockdown-reason':
      return { lockdown: object.reason };
  }
}

function writtenRange({ from, to }: IdRange | PortRange): IdInput | PortInput {
  return from === to ? from : { from, to };
}
