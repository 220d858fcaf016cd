/** The known words nearest to a wrong one, best first; at most three. */
export function nearest(wrong: string, known: readonly string[]): string[] {
  const most = Math.max(2, Math.floor(wrong.length / 3));
  const near = known
    .map((word) => ({ word, distance: distance(wrong.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, distance }) => distance <= most && distance < word.length)
    .sort((a, b) => a.distance - b.distance);
  const [best] = near;
  return near
    .filter(({ distance }) => best !== undefined && distance <= best.distance + 1)
    .slice(0, 3)
    .map(({ word }) => word);
}

/** The end of a sentence about a wrong word: what was meant, or else what there is. */
export function suggestion(wrong: string, known: readonly string[]): string {
  const near = nearest(wrong, known);
  if (near.length > 0) return `did you mean ${orList(near)}?`;
  return known.length <= 20 ? `there is ${andList(known)}` : 'see docs/policies.md for those there are';
}

/** `a, b or c` */
export function orList(words: readonly string[]): string {
  return list(words, 'or');
}

/** `a, b and c` */
export function andList(words: readonly string[]): string {
  return list(words, 'and');
}

function list(words: readonly string[], conjunction: string): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

/** How many characters must be changed, added, taken away or swapped with their neighbour. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped =
        from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(changed, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
