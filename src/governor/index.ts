export type { BtfEntry, Kept, LinkEntry, MapEntry, ProgramEntry, Unreadable } from './entries.js';
export type { Holder } from './holders.js';
export { type Inventory, inventory } from './inventory.js';
export { enableRunStatistics, RunStatistics } from './statistics.js';
