// Makes and removes the directories it is sent the paths of, in its main thread, and sends back the outcome.
import { mkdirSync, rmdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

// Threads beside the main one.
const worker = new Worker('setInterval(() => undefined, 1000)', { eval: true });
worker.once('online', () => process.send('ready'));
process.on('message', (path) => {
  try {
    mkdirSync(path);
    rmdirSync(path);
    process.send('0');
  } catch (error) {
    process.send(error.code);
  }
});
process.on('disconnect', () => process.exit());
