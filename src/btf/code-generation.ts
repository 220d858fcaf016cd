let allowed: boolean | undefined;

/**
 * Whether this process may compile source text: `node --disallow-code-generation-from-strings` forbids it. Probed once.
 */
export function mayGenerateCode(): boolean {
  allowed ??= probe();
  return allowed;
}

function probe(): boolean {
  try {
    new Function('');
    return true;
  } catch {
    return false;
  }
}
