import { type BpfError, rephrase } from '../../errors.js';
import * as args from './arguments.js';
import * as calls from './calls.js';
import { type Declared, dissect, type Explainer, type Explanation, type Failure } from './failure.js';
import * as functions from './functions.js';
import * as hooks from './hooks.js';
import * as kfuncs from './kfuncs.js';
import * as limits from './limits.js';
import * as maps from './maps.js';
import * as pointers from './pointers.js';
import * as privilege from './privilege.js';
import * as relocation from './relocation.js';
import * as returns from './return-value.js';
import * as sections from './sections.js';

/** Each knows one class of failure. The first that knows, explains. */
export const EXPLAINERS: readonly Explainer[] = [
  sections.unknownSection,
  relocation.missingBtf,
  hooks.missingHook,
  hooks.notAHook,
  hooks.disabledHook,
  hooks.wrongLicense,
  hooks.hookCannotSleep,
  functions.missingFunction,
  functions.cannotModify,
  functions.cannotSleep,
  relocation.missingField,
  relocation.missingKconfig,
  relocation.missingSymbol,
  kfuncs.missingKfunc,
  kfuncs.otherPrototype,
  kfuncs.unguardedWeakKfunc,
  kfuncs.kfuncOfOtherPrograms,
  kfuncs.needsCompiler,
  args.tooManyArguments,
  args.beyondTheStruct,
  args.numberAsPointer,
  returns.returnRange,
  calls.lockedDown,
  calls.sleepingCall,
  calls.pathNotOnThisHook,
  calls.helperNotOnThisHook,
  calls.missingHelper,
  calls.helperOfOtherPrograms,
  calls.helperOfOtherMaps,
  pointers.missingNullCheck,
  pointers.untrustedPointer,
  pointers.writeThroughBtfPointer,
  pointers.outOfBounds,
  pointers.uninitialized,
  limits.unreleasedReference,
  limits.heldLock,
  limits.stackTooLarge,
  limits.tooComplex,
  limits.tooLong,
  maps.mapInSleepable,
  privilege.userNamespace,
  privilege.missingCapability,
  privilege.memoryLimit,
  privilege.refusedOutright,
  refusedByVerifier,
  maps.pinElsewhere,
  maps.pinTaken,
  maps.unknownMapType,
  maps.storageWithoutLsm,
  maps.storageDeclaration,
  maps.outOfMemory,
  maps.refusedMap,
  unsupported,
];

/** Turns a failed load into an error that names the program, the hook, the reason and what to do. */
export function explainLoadFailure(declared: Declared, error: BpfError): BpfError {
  const failure = dissect(declared, error);
  const explanation = explain(failure);
  const { program, hook, map, verifier, verifierLog } = failure;
  const why = explanation ? `${explanation.why} (${error.code})` : error.message;
  return rephrase(error, `${subjectOf(failure)} cannot be loaded: ${why}`, {
    syscall: map ? 'bpf(BPF_MAP_CREATE)' : program ? 'bpf(BPF_PROG_LOAD)' : error.syscall,
    reason: explanation?.reason,
    hint: explanation?.hint,
    program: program?.name,
    hook,
    map: map?.name,
    verifier,
    verifierLog,
  });
}

function explain(failure: Failure): Explanation | undefined {
  for (const explainer of EXPLAINERS) {
    const explanation = explainer(failure);
    if (explanation) return explanation;
  }
  return undefined;
}

function subjectOf({ object, program, hook, map }: Failure): string {
  if (program) return `program "${program.name}"${hook ? ` (hook ${hook})` : ''}`;
  return map ? `map "${map.name}"` : `object "${object}"`;
}

/** What no other explainer knows, in the verifier's words. */
function refusedByVerifier({ verifier }: Failure): Explanation | undefined {
  if (!verifier) return undefined;
  const { source, reason, suggestion } = verifier;
  const at = source ? ` at "${source.text}"` : '';
  return { why: `the verifier refuses it${at}: ${reason}`, reason: 'input', hint: suggestion };
}

// include/linux/errno.h ENOTSUPP, 524: never meant to leave the kernel, and all that some of its refusals say.
function unsupported({ error }: Failure): Explanation | undefined {
  if (error.code !== 'ENOTSUPP' && error.code !== 'EOPNOTSUPP') return undefined;
  return {
    why: 'this kernel cannot do that',
    reason: 'kernel',
    hint: 'compare what it needs with what bpf-lsm features says of this kernel',
  };
}
