import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MprotectCommand } from './target.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A ```ts block of README.md or docs; scripts/samples.mjs says what the settings mean. */
export interface Sample {
  /** Page and line. */
  name: string;
  /** The path of a module beside the page, and the block as its text. */
  module: string;
  text: string;
  /** The same without types, as a file. */
  script: string;
  settings: {
    kernel?: string;
    until?: string;
    while?: string;
    target?: MprotectCommand;
    objects?: string;
    on?: 'host';
  };
}

/** The samples as they were at the last build; an error if a page has changed since. */
export function samples(): Sample[] {
  const index = JSON.parse(readFileSync(`${root}build/docs-samples/index.json`, 'utf8')) as {
    pages: Record<string, string>;
    samples: Sample[];
  };
  for (const page of ['README.md', ...readdirSync(`${root}docs`).map((file) => `docs/${file}`)]) {
    const hash = createHash('sha256')
      .update(readFileSync(root + page))
      .digest('hex');
    if (page.endsWith('.md') && index.pages[page] !== hash) {
      throw new Error(`${page} has changed since its samples were made: npm run build`);
    }
  }
  return index.samples.map((sample) => ({ ...sample, script: root + sample.script }));
}
