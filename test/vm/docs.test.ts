import { describe, test } from 'vitest';
import { kernelIsAtLeast } from '../support/kernel.js';
import { runSample } from '../support/run-sample.js';
import { samples } from '../support/samples.js';

describe('a sample of README and docs runs as it stands', () => {
  for (const sample of samples().filter(({ settings }) => settings.on !== 'host')) {
    const [major = 0, minor = 0] = (sample.settings.kernel ?? '0.0').split('.').map(Number);
    test.runIf(kernelIsAtLeast(major, minor))(sample.name, () => runSample(sample));
  }
});
