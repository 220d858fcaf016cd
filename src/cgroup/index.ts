export { Cgroup, type WaitOptions } from './cgroup.js';
