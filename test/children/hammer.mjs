// Makes a directory again and again, as fast as it can, from the message `start` to the message `stop`; then tells how
// often it was let, and how often it was not.
import { mkdirSync, rmdirSync } from 'node:fs';

const path = `/dev/shm/bpf-lsm-hammer-${process.pid}`;
const outcomes = { allowed: 0, denied: 0, other: 0 };
let stopping = false;

process.on('message', (message) => {
  if (message === 'stop') stopping = true;
});

function strike() {
  for (let i = 0; i < 250; i++) {
    try {
      mkdirSync(path);
      rmdirSync(path);
      outcomes.allowed++;
    } catch (error) {
      outcomes[error.code === 'EPERM' ? 'denied' : 'other']++;
    }
  }
  if (stopping) {
    process.send(outcomes, () => process.exit(0));
  } else {
    setImmediate(strike);
  }
}

process.send('ready');
process.once('message', (message) => {
  if (message === 'start') strike();
});
