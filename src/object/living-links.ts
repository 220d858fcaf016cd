import type { Link } from './link.js';

/**
 * The links that this process has open. Links end enforcement when they are dropped, so the garbage collector never
 * gets one: it stays here until close().
 */
export const livingLinks: Set<Link> = new Set();
