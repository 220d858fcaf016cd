// Debian's archive as this machine knows it.

import { readFileSync } from 'node:fs';
import { giveUp } from '../../scripts/say.mjs';

/** The archive itself, and that of security updates where this machine has it. */
export async function debianMirrors() {
  // Only now: in a fresh clone it is built after this module was loaded.
  const { findArchives, readAptDirectory } = await import('../../dist/testing/apt-sources.js');
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const archives = findArchives(readAptDirectory('/etc/apt'), codename);
  const [main, security] = [archives?.main, archives?.security].map((archive) => archive?.uris[0]);
  if (main?.startsWith('http')) return { main, security };
  giveUp(
    "No Debian mirror is known: a box is built from Debian's archive, as this machine's apt sources name it.",
  );
}
