/** What every panel of the page is. */

/** What a change asks for: texts and drawings alone, or another answer too. */
export type Change = (what: 'drawn' | 'asked') => void;

/** A panel's element, and what brings it in step with the state. */
export interface Panel {
  readonly element: HTMLElement;
  render(): void;
}
