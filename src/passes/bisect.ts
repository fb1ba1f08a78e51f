/** Finds the rewrite after which a graph is wrong, of many, in a few steps. */

/**
 * Finds the first wrong rewrite. The driver makes the same rewrites each time, and a graph that is wrong after one of them is taken to
 * be wrong after all later ones.
 * @param count how many rewrites there are; the graph is wrong after all of them, and right after none
 * @param isRight whether the graph is right after so many rewrites
 * @returns the number of the rewrite, from 1 on
 */
export async function bisect(count: number, isRight: (stopAfter: number) => Promise<boolean>): Promise<number> {
  let [right, wrong] = [0, count];
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    if (await isRight(middle)) right = middle;
    else wrong = middle;
  }
  return wrong;
}
