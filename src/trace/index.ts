export type { TraceArgument, TracePointer } from './arguments.js';
export { describeEvent } from './describe.js';
export type { TraceScope } from './scope.js';
export type { SocketAddress } from './socket-address.js';
export { Trace, type TraceEvent, type TraceOptions, trace } from './trace.js';
