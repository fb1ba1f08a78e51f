/** Numbers as the pages write them. */

/** @returns bytes as megabytes with one decimal, without the unit */
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** @returns milliseconds with at most one decimal, without the unit; a dash for none */
export const ms = (value: number | undefined): string => (value === undefined ? '–' : value < 100 ? value.toFixed(1) : value.toFixed());

/** @returns a share from 0 to 1 as whole percent, rounded down so that only certainty is 100 % */
export const percent = (share: number): string => `${Math.floor(100 * share)} %`;
