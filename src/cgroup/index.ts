export type { AttachedList, AttachedOptions, AttachedProgram, AttachedTree, AttachFlag } from './attached.js';
export { Broker } from './broker.js';
export { BrokerClient } from './broker-client.js';
export type { BrokerLimits, BrokerOptions, BrokerPeer, BrokerRecord } from './broker-options.js';
export { Cgroup, type WaitOptions } from './cgroup.js';
export type { Weakness, WeaknessKind } from './weaknesses.js';
