export type { Files, FoundFile } from './files.js';
