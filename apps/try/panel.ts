/** The interface of the page's panels. */

/** The effect of a change: texts and drawings only, or a new prediction. */
export type Change = (what: 'drawn' | 'asked') => void;

/** A panel's element, and the function that updates it from the state. */
export interface Panel {
  readonly element: HTMLElement;
  render(): void;
}
