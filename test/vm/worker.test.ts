import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { bpfFiles } from '../support/fds.js';
import { childScript } from '../support/objects.js';
import { Target } from '../support/target.js';

async function messageOf(worker: Worker): Promise<unknown> {
  const [message] = (await once(worker, 'message')) as [unknown];
  return message;
}

describe('a worker thread', () => {
  test('loads, attaches and reads; terminating it ends enforcement and leaves no descriptor', async () => {
    const before = bpfFiles().length;
    using target = new Target();
    for (let round = 0; round < 2; round++) {
      expect(await target.ask('heap-exec')).toBe('0');
      const worker = new Worker(childScript('worker-guard'), { workerData: { pid: target.pid } });
      expect(await messageOf(worker)).toBe('attached');
      const event = messageOf(worker);
      expect(await target.ask('heap-exec')).toBe('EPERM');
      expect(await event).toBe('VERDICT_DENIED');

      await worker.terminate();
      expect(await target.ask('heap-exec')).toBe('0');
      expect(bpfFiles().length).toBe(before);
    }
  });
});
