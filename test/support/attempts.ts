/** What is tried, by its name: `0`, or the name of the errno that it fails with. */
export type Attempts = Record<string, () => string | Promise<string>>;

/** Tries one after the other. */
export async function outcomes(attempts: Attempts): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, attack] of Object.entries(attempts)) found[name] = await attack();
  return found;
}

/** The outcomes of attempts that all end alike. */
export function all(attempts: Attempts, outcome: string): Record<string, string> {
  return Object.fromEntries(Object.keys(attempts).map((name) => [name, outcome]));
}
