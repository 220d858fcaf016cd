import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { PrivateBpffs } from '../support/bpffs.js';
import { Child } from '../support/child.js';
import { asOrdinaryUser, NOBODY } from '../support/ordinary-user.js';
import { Target } from '../support/target.js';

// Several processes start here, one after the other, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

/** A service as docs/deploying.md has it: an ordinary user with two capabilities, and a bpffs of its own. */
function service(target: Target, bpffs: PrivateBpffs): Child {
  const command = [
    ...asOrdinaryUser('bpf', 'perfmon'),
    '--bounding-set=-all,+bpf,+perfmon',
    '--no-new-privs',
  ];
  return new Child('take-over', [String(target.pid), bpffs.path], { command });
}

describe('a service with CAP_BPF and CAP_PERFMON and a bpffs of its own', () => {
  test('pins what outlives it, and its next run takes over without a gap', async () => {
    using target = new Target();
    using bystander = new Target();
    using bpffs = new PrivateBpffs();
    expect(bpffs.refused).toBeUndefined();
    chownSync(bpffs.path, NOBODY, NOBODY);
    expect(await target.ask('heap-exec')).toBe('0');

    for (const earlier of [0, 1]) {
      using child = service(target, bpffs);
      const state = { ended: false };
      const ended = child.ended().finally(() => {
        state.ended = true;
      });
      // The first run begins without; from then on there is no moment at which it is allowed.
      const answers = new Set<string>();
      while (!state.ended) {
        answers.add(await target.ask('heap-exec'));
        await sleep(20);
      }
      const { stdout, ...how } = await ended;
      expect(how).toEqual({ code: 0, signal: null, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({ uid: NOBODY, earlier });
      if (earlier > 0) expect([...answers]).toEqual(['EPERM']);
      expect(await target.ask('heap-exec')).toBe('EPERM');
      expect(await bystander.ask('heap-exec')).toBe('0');
      expect(readdirSync(bpffs.path)).toHaveLength(1);
    }

    // Nobody has the link open: it goes with its pin, on 6.12 and later a moment after.
    for (const pin of readdirSync(bpffs.path)) unlinkSync(`${bpffs.path}/${pin}`);
    await expect.poll(() => target.ask('heap-exec'), { timeout: 20_000 }).toBe('0');
  });

  test('loses its pins, and with them the attachment, when the bpffs is unmounted', async () => {
    using target = new Target();
    using bpffs = new PrivateBpffs();
    chownSync(bpffs.path, NOBODY, NOBODY);
    using child = service(target, bpffs);
    expect(await child.ended()).toMatchObject({ code: 0 });
    expect(await target.ask('heap-exec')).toBe('EPERM');
    expect(spawnSync('umount', [bpffs.path]).status).toBe(0);
    await expect.poll(() => target.ask('heap-exec'), { timeout: 20_000 }).toBe('0');
  });
});
