/** Does something: `0`, or the name of the errno that it failed with. */
export function attempt(action: () => unknown): string {
  try {
    action();
    return '0';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
