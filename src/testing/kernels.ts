/** The kernel lines a guest can be booted with, oldest first. */
export const kernelLines: readonly ['6.1', '6.12', '7.3'] = ['6.1', '6.12', '7.3'];

/** A kernel line: one of {@link kernelLines}. */
export type KernelLine = (typeof kernelLines)[number];

/** Where a line's kernel comes from. */
export interface KernelSource {
  /** The Debian suite that carries it. */
  readonly suite: string;
  /** The suite with security updates for it, if there is one. */
  readonly security: string | undefined;
}

const SOURCES: Readonly<Record<KernelLine, KernelSource>> = {
  '6.1': { suite: 'bookworm', security: 'bookworm-security' },
  '6.12': { suite: 'trixie', security: 'trixie-security' },
  '7.3': { suite: 'trixie-backports', security: undefined },
};

export function kernelSource(line: KernelLine): KernelSource {
  return SOURCES[line];
}

/** Is `text` one of {@link kernelLines}? */
export function isKernelLine(text: string): text is KernelLine {
  return (kernelLines as readonly string[]).includes(text);
}
