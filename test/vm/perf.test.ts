import { describePerfBuffers } from '../support/perf-buffers.js';

describePerfBuffers();
