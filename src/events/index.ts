export type { RingBatch } from './batch.js';
export {
  type IterationOptions,
  RingBuffer,
  type RingBufferOptions,
  type RingBufferStats,
} from './ring-buffer.js';
