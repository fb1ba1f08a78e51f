/** Finds the word that a mistyped one may stand for. */

/** The first word that differs from `typed` in no more than two neighbouring letters: left out, added, changed or swapped. */
export const nearest = (typed: string, words: readonly string[]): string | undefined => words.find((word) => isNear(typed, word));

/** ` Is WORD meant?`, the end of a message about a word that is unknown, or nothing if no word is near. */
export function meant(typed: string, words: readonly string[]): string {
  const word = nearest(typed, words);
  return word === undefined ? '' : ` Is ${word} meant?`;
}

/** Whether what is left between the letters that both words begin with and end with is short. */
function isNear(one: string, other: string): boolean {
  const [short, long] = [one.length, other.length].sort((a, b) => a - b) as [number, number];
  let start = 0;
  while (start < short && one[start] === other[start]) start++;
  let end = 0;
  while (start + end < short && one.at(-1 - end) === other.at(-1 - end)) end++;
  return start + end > 0 && long - start - end <= 2;
}
