/** The bar that shows how much of a page's models has arrived. */
import type { LoadProgress } from 'pannier';
import { element } from './element.js';
import { megabytes } from './numbers.js';

/**
 * Shows the bar.
 * @param progress undefined while nothing has arrived yet
 * @param what the thing that is loaded, as a sentence names it
 */
export function showProgress(progress: LoadProgress | undefined, what = 'the model'): void {
  const bar = element<HTMLProgressElement>('#progress progress');
  const isLoading = progress !== undefined && progress.fraction < 1;
  element('#progress').hidden = false;
  if (isLoading) bar.value = progress.fraction;
  else bar.removeAttribute('value');
  element('#progress span').textContent = isLoading
    ? `Loading ${what}: ${megabytes(progress.loadedBytes)} of ${megabytes(progress.totalBytes)} MB`
    : `Starting ${what}`;
}

export const hideProgress = (): void => {
  element('#progress').hidden = true;
};
