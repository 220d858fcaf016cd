import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { lazily } from '../schema/index.js';

const require = createRequire(import.meta.url);

/** The YAML library, which takes a while to load: not before there is a text to read or to write. */
export const yaml: () => typeof Yaml = lazily(() => require('yaml') as typeof Yaml);
