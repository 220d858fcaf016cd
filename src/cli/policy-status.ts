import { readFileSync } from 'node:fs';
import type { EngineStatus } from '../policy/index.js';
import { paint, printJson } from './output.js';

/** Prints which policies are in force. */
export function printStatus(status: EngineStatus, json: boolean | undefined): void {
  if (json) printJson(status);
  else process.stdout.write(`${describe(status).join('\n')}\n`);
}

function describe(status: EngineStatus): string[] {
  const { generation, policies, previous, expired, confirmUntilNs, absent, unjudged, lost } = status;
  const { denied, wrongTokens } = status.turnedAway;
  const troubles = [
    ...(absent.length > 0 ? [`not attached any more: ${absent.join(', ')}; apply the policies again`] : []),
    ...(unjudged > 0n ? [`${unjudged} calls were not judged: the policies were taken out of the maps`] : []),
  ];
  return [
    ...policies.flatMap(describePolicy),
    ...troubles.map((trouble) => paint('red', trouble)),
    ...(lost > 0n ? [paint('yellow', `${lost} files could not be followed to the root`)] : []),
    ...waiting(confirmUntilNs, expired),
    ...(status.guarded ? [`Guarded: turned away ${denied}, wrong tokens ${wrongTokens}.`] : []),
    paint('dim', `Generation ${generation}, before it ${previous}.`),
  ];
}

function describePolicy({ name, mode, denials }: EngineStatus['policies'][number]): string[] {
  const denied = Object.entries(denials).map(
    ([operation, count]) =>
      `  ${operation.padEnd(22)}  ${mode === 'audit' ? 'would be denied' : 'denied'} ${count}`,
  );
  return [`${paint('bold', name)}  ${mode}`, ...denied];
}

function waiting(until: bigint | undefined, expired: boolean): string[] {
  if (until === undefined) return [];
  if (expired) return [paint('yellow', 'Nobody confirmed: these are the policies before.')];
  const [now = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
  const seconds = Math.max(0, Math.ceil(Number(until) / 1e9 - Number(now)));
  return [paint('yellow', `Waits to be confirmed, for ${seconds} s: bpf-lsm confirm`)];
}
