import { describe, test } from 'vitest';
import { runSample } from '../support/run-sample.js';
import { samples } from '../support/samples.js';

describe('a sample of README and docs that needs no guest around it runs as it stands', () => {
  for (const sample of samples().filter(({ settings }) => settings.on === 'host')) {
    test(sample.name, () => runSample(sample));
  }
});
