/** What the search for a wrong preprocessing tries and finds. */

/** What came of a run; `distance` is how far off it is. */
export interface Attempt {
  readonly agrees: boolean;
  readonly distance: number;
}

/** A sentence or two, and whether a preprocessing was found. */
export interface Cause {
  readonly agrees: boolean;
  readonly told: string;
}
