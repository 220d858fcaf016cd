// Debian's archive as this machine knows it.

import { readFileSync } from 'node:fs';
import { findArchives, readAptDirectory } from '../../dist/testing/apt-sources.js';
import { giveUp } from '../../scripts/say.mjs';

export function debianMirror() {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const archives = findArchives(readAptDirectory('/etc/apt'), codename);
  const [mirror] = archives?.main.uris ?? [];
  if (mirror?.startsWith('http')) return mirror;
  giveUp(
    "No Debian mirror is known: a box is built from Debian's archive, as this machine's apt sources name it.",
  );
}
