/** The types of the search for a wrong preprocessing. */

/** The outcome of one run; `distance` says how far its answers are off. */
export interface Attempt {
  readonly agrees: boolean;
  readonly distance: number;
}

/** An explanation in a sentence or two, and whether a preprocessing was found that agrees. */
export interface Cause {
  readonly agrees: boolean;
  readonly told: string;
}
