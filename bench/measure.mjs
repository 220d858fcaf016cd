// Measures a case: all peers in turn, round after round, so that whatever else the machine does meets all of them.

import { Peer } from './peer.mjs';
import { spreadOf } from './statistics.mjs';

// Code is compiled and caches fill in these, which do not count.
const WARM_UP_ROUNDS = 3;

/**
 * @param {import('./cases.mjs').Case} one
 * @param {Record<string, string[]>} commands the peers there are
 * @param {{ rounds: number, size: number }} settings
 */
export async function measure(one, commands, { rounds, size }) {
  const names = Object.keys(one.peers).filter((name) => name in commands && one.peers[name]);
  const peers = new Map(names.map((name) => [name, new Peer(name, commands[name])]));
  const count = Math.max(1, Math.round(one.count * size));
  const ask = (name) => peers.get(name).measure(one.peers[name], one.target, count);
  const answers = new Map(names.map((name) => [name, []]));
  try {
    // The event loop needs no warming up; seconds of it are waited for.
    const warmUp = one.group === 'event-loop' ? 0 : WARM_UP_ROUNDS;
    for (let round = -warmUp; round < rounds; round++) {
      // Each goes first as often as last.
      const order = round % 2 === 0 ? names : [...names].reverse();
      for (const name of order) {
        const answer = await ask(name);
        if (round >= 0) answers.get(name).push(answer);
      }
      if (round >= 0) assertSameWork(one, answers);
    }
  } finally {
    for (const peer of peers.values()) await peer.close();
  }
  return summarize(one, answers);
}

/** A peer that did something else is not slower or faster, but wrong. */
function assertSameWork(one, answers) {
  if (one.group === 'event-loop') return;
  const [first, ...others] = [...answers].map(([name, list]) => ({ name, ...list.at(-1) }));
  for (const other of others) {
    if (other.check === first.check && other.units === first.units) continue;
    throw new Error(
      `${one.name}: the ${first.name} peer came to ${first.check} after ${first.units}, the ${other.name} peer to ${other.check} after ${other.units}`,
    );
  }
}

function summarize(one, answers) {
  const { name, group, target, mostRatio, leastRate } = one;
  const peers = Object.fromEntries([...answers].map(([peer, list]) => [peer, summarizePeer(list)]));
  const ratio = answers.has('c') && ratioOf(answers.get('js'), answers.get('c'), 'cpu');
  const wallRatio = answers.has('c') && ratioOf(answers.get('js'), answers.get('c'), 'wall');
  const goRatio = answers.has('go') && ratioOf(answers.get('js'), answers.get('go'), 'cpu');
  return {
    name,
    group,
    target,
    peers,
    ...(ratio && { ratio, wallRatio }),
    ...(goRatio && { goRatio }),
    ...goalOf({ mostRatio, leastRate, ratio, peers }),
  };
}

/** Nanoseconds a unit. */
function summarizePeer(list) {
  const { units, more } = list.at(-1);
  return {
    cpu: spreadOf(list.map((answer) => answer.cpu / answer.units)),
    wall: spreadOf(list.map((answer) => answer.wall / answer.units)),
    units,
    ...Object.fromEntries(
      Object.keys(more).map((key) => [key, spreadOf(list.map((answer) => answer.more[key]))]),
    ),
  };
}

/** Of what was measured one after the other. */
function ratioOf(list, other, time) {
  return spreadOf(list.map((answer, round) => answer[time] / other[round][time]));
}

function goalOf({ mostRatio, leastRate, ratio, peers }) {
  if (mostRatio !== undefined) return { goal: { mostRatio }, met: ratio.median <= mostRatio };
  if (leastRate !== undefined) return { goal: { leastRate }, met: 1e9 / peers.js.cpu.median >= leastRate };
  return {};
}
