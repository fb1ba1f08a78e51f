/** The word that somebody who mistyped may have meant. */

/** The nearest of the words, where it is near enough to be meant. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(Math.min(typed.length, 32) / 3));
  const near = words.map((word) => ({ word, edits: edits(typed.slice(0, 64), word) })).filter(({ edits }) => edits <= most);
  return near.sort((one, other) => one.edits - other.edits)[0]?.word;
}

/** How many letters were left out, added, changed, or swapped with their neighbour. */
function edits(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const at = (up: number, left: number) => (up === 0 ? row : rows[i - up])?.[j - left] as number;
      const isSame = from[i - 1] === to[j - 1];
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row.push(Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (isSame ? 0 : 1), isSwap ? at(2, 2) + 1 : Number.POSITIVE_INFINITY));
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) as number;
}
