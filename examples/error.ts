/** The place where a page says what went wrong. */
import { PannierError } from 'pannier';
import { element } from './element.js';
import { hideProgress } from './progress.js';
import { NoPicture } from './source.js';

/** Shows the error's code and message in place of an answer. */
export function showError(thrown: unknown): void {
  hideProgress();
  element('#error').hidden = false;
  element('#error strong').textContent =
    thrown instanceof PannierError ? thrown.code : thrown instanceof NoPicture ? 'no picture' : 'error';
  element('#error span').textContent = thrown instanceof Error ? thrown.message : String(thrown);
  element('#answer').textContent = '';
}

export const hideError = (): void => {
  element('#error').hidden = true;
};
