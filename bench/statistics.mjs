/** Medians and how sure they are: the same few lines for every benchmark. */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Bootstrap 95 % interval of the median, with a fixed seed so that a rerun over the same values says the same. */
export function interval(values, rounds = 10_000) {
  let state = 1;
  const random = () => {
    // Park and Miller's minimal standard generator.
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const medians = Array.from({ length: rounds }, () => median(values.map(() => values[Math.floor(random() * values.length)]))).sort(
    (a, b) => a - b,
  );
  return [medians[Math.floor(rounds * 0.025)], medians[Math.floor(rounds * 0.975)]];
}

/** `1.07 [1.02, 1.11]`: the median of ratios and its interval. */
export function ratioText(ratios) {
  const [low, high] = interval(ratios);
  return `${median(ratios).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
