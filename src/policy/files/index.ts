export type { Files, FoundFile } from './files.js';
export { type MountEntry, mountOf, mountTable } from './mount-table.js';
export { realFiles } from './real-files.js';
export { MOST_LINKS, targetPath } from './symbolic-link.js';
