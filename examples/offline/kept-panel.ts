/** Shows which files are kept on this device, whether they are enough to start without a network, and how large they are. */
import { type CacheStatus, cacheStatus, isOfflineReady } from 'pannier';
import { element } from '../element.js';
import { megabytes } from '../numbers.js';
import { filesKept, type Kept } from './app.js';
import selfie from './model/model.js';

/** Asks the service worker and the cache each time; this page remembers nothing. */
export async function showKept(): Promise<void> {
  const [app, model, status] = await Promise.all([
    filesKept().catch(() => undefined),
    isOfflineReady(selfie).catch(() => false),
    cacheStatus().catch(() => undefined),
  ]);
  const ready = model && app !== undefined && app.kept === app.wanted;
  const badge = element('#badge');
  badge.dataset['ready'] = ready ? 'yes' : 'no';
  badge.textContent = ready ? 'Ready: the next start needs no network.' : 'Not yet: the next start needs the network.';
  element('#app-kept').textContent = appSentence(app);
  element('#model-kept').textContent = model ? 'All of it is kept, and checked at each start.' : 'Not kept, or not all of it.';
  element('#download').hidden = model;
  showStorage(status);
}

function appSentence(app: Kept | undefined): string {
  if (!('serviceWorker' in navigator)) return 'This browser gives no service worker to this page: it needs https, or localhost.';
  if (app === undefined) return 'Not kept yet: no service worker is in charge of this page.';
  return app.kept === app.wanted ? `All ${app.wanted} files are kept.` : `${app.wanted - app.kept} of ${app.wanted} files are missing.`;
}

function showStorage(status: CacheStatus | undefined): void {
  const rows: (readonly [term: string, text: string])[] = [];
  for (const { name, version, bytes, complete, evictedNext } of status?.models ?? []) {
    const state = [complete ? '' : 'in part', evictedNext && (status?.models.length ?? 0) > 1 ? 'first to go' : '']
      .filter(Boolean)
      .join(', ');
    rows.push([`${name} ${version}`, `${megabytes(bytes)} MB${state && ` (${state})`}`]);
  }
  if (status === undefined) rows.push(['models', 'there is no storage here']);
  else if (rows.length === 0) rows.push(['models', 'none']);
  if (status?.usageBytes !== undefined) rows.push(['all of this site', `${megabytes(status.usageBytes)} MB`]);
  if (status?.quotaBytes !== undefined) rows.push(['may take', `${(status.quotaBytes / 1e9).toFixed(1)} GB`]);
  if (status?.persisted !== undefined) rows.push(['when space is short', status.persisted ? 'stays' : 'may be deleted']);
  element('#storage').replaceChildren(...rows.map(([term, text]) => row(term, text)));
  element('#persist').hidden = status?.persisted !== false;
  const clear = element('#clear');
  clear.hidden = !status?.models.length;
  // Other pages of this origin have their models in the same cache.
  clear.textContent = status?.models.length === 1 ? 'Remove the model' : 'Remove all models';
}

function row(term: string, text: string): HTMLElement {
  const made = document.createElement('div');
  const [name, value] = [document.createElement('dt'), document.createElement('dd')];
  name.textContent = term;
  value.textContent = text;
  made.append(name, value);
  return made;
}
