import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import { native } from '../native.js';
import type { Link } from './link.js';
import type { LinkInfo, TracingLinkInfo } from './link-info.js';
import type { BpfProgram } from './program.js';

/**
 * How a new program is shown to run before the old one goes, and how it is attached. One of `verify` and `trigger` is
 * needed: an attachment that nobody has seen at work is no reason to give up one that works.
 */
export type ReplaceOptions = (
  | {
      /**
       * Called while both programs are attached: true when the new one was seen at work. False, or an error, and the
       * new one is detached again.
       */
      verify: () => boolean | Promise<boolean>;
      trigger?: undefined;
    }
  | {
      /**
       * Does something that the kernel asks the hook about. The program's run count must have grown then; an error
       * that this throws, because it was denied for example, does not matter. Needs CAP_SYS_ADMIN: run counts are
       * switched on meanwhile (BPF_ENABLE_STATS, Linux 5.8).
       */
      trigger: () => unknown;
      verify?: undefined;
    }
) & {
  /** As for {@link BpfProgram.attach}. */
  cookie?: bigint;
  allowInactive?: boolean;
};

/** See {@link Link.replace}. */
export async function replaceLink(old: Link, program: BpfProgram, options: ReplaceOptions): Promise<Link> {
  assertOptions(options, 'replace()');
  const { verify, trigger, ...attach } = options;
  if (typeof verify !== 'function' && typeof trigger !== 'function') throw noVerification(options);
  assertReplaces(program, old.info());
  const link = program.attach(attach);
  try {
    if (verify) await seenAtWork(program, verify);
    else if (trigger) await seenToRun(program, trigger);
    if (old.pinPath !== undefined) old.givePinTo(link);
  } catch (cause) {
    link.close();
    throw cause;
  }
  old.close();
  return link;
}

function assertReplaces(program: BpfProgram, info: LinkInfo): asserts info is TracingLinkInfo {
  if (info.type !== 'tracing' || info.attachType === 'freplace') {
    const updatable = info.type === 'cgroup' || info.type === 'iter';
    throw refused(program, `cannot replace what link ${info.id} attaches: the link is of type ${info.type}`, {
      hint: updatable ? 'use update(), which is atomic' : 'close it, and attach the new program',
    });
  }
  const { attachBtfObjectId, attachBtfId, id } = program.info();
  if (id === info.programId) {
    throw refused(program, `is the one that link ${info.id} attaches`, { hint: 'load another one' });
  }
  const sameFunction = attachBtfObjectId === info.targetObjectId && attachBtfId === info.targetBtfId;
  if (sameFunction && (program.attachType ?? info.attachType) === info.attachType) return;
  const on = info.target ?? `function ${info.targetBtfId}`;
  throw refused(program, `was not loaded for ${on} as ${info.attachType}, which link ${info.id} is on`, {});
}

async function seenAtWork(program: BpfProgram, verify: () => boolean | Promise<boolean>): Promise<void> {
  let cause: unknown;
  try {
    if ((await verify()) === true) return;
  } catch (error) {
    cause = error;
  }
  throw notVerified(program, 'verify() did not confirm that it is at work', cause);
}

async function seenToRun(program: BpfProgram, trigger: () => unknown): Promise<void> {
  const statistics = native().statisticsEnable();
  try {
    const before = program.info().runCount;
    let cause: unknown;
    try {
      await trigger();
    } catch (error) {
      cause = error;
    }
    if (program.info().runCount > before) return;
    throw notVerified(program, 'it did not run when trigger() was called', cause);
  } finally {
    native().statisticsClose(statistics);
  }
}

function notVerified(program: BpfProgram, why: string, cause: unknown): BpfError {
  return new BpfError(
    `program "${program.name}" was not put in the place of the old one, which is attached as before: ${why}`,
    { code: 'ERR_BPF_NOT_VERIFIED', program: program.name, hook: program.hook, cause },
  );
}

function noVerification({ verify, trigger }: Partial<Record<'verify' | 'trigger', unknown>>): BpfError {
  const given = describeValue(verify ?? trigger);
  return new BpfError(`replace() must be told how to see that the new program runs, and was given ${given}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: 'pass a function as verify, which checks it, or as trigger, which does something the hook is asked about',
  });
}

function refused(program: BpfProgram, why: string, { hint }: { hint?: string }): BpfError {
  return new BpfError(`program "${program.name}" ${why}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    program: program.name,
    hook: program.hook,
    hint,
  });
}
