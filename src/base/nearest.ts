/** Finds the word that a mistyped one may stand for. */

const MAX_EDITS = 3;

/** A word that one edit turns `typed` into, else as many edits as a third of its letters, and at most three. A single letter stands for none. */
export const nearest = (typed: string, words: readonly string[]): string | undefined =>
  words.find((word) => isNear(typed, word, Math.min(typed.length - 1, 1))) ??
  words.find((word) => isNear(typed, word, Math.min(typed.length / 3, MAX_EDITS)));

/** ` Is WORD meant?`, the end of a message about a word that is unknown, or nothing if no word is near. */
export function meant(typed: string, words: readonly string[]): string {
  const word = nearest(typed, words);
  return word === undefined ? '' : ` Is ${word} meant?`;
}

/** Whether so many letters left out, added, changed or swapped with their neighbour make one word of the other. */
function isNear(one: string, other: string, edits: number): boolean {
  if (one === other) return true;
  const [rest, otherRest] = [one.slice(1), other.slice(1)];
  if (one[0] === other[0]) return isNear(rest, otherRest, edits);
  if (edits < 1) return false;
  const isSwap = one[0] === other[1] && one[1] === other[0];
  return (
    isNear(rest, otherRest, edits - 1) ||
    isNear(rest, other, edits - 1) ||
    isNear(one, otherRest, edits - 1) ||
    (isSwap && isNear(one.slice(2), other.slice(2), edits - 1))
  );
}
