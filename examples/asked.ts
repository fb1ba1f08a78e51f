/** The wishes in the page's address. */
import type { BackendName } from 'pannier';

export const asked = new URLSearchParams(location.search);

/** The backend of `?backend=wasm`, or all of them. */
export const askedBackend: 'auto' | BackendName =
  (['webgpu', 'wasm', 'cpu'] as const).find((name) => name === asked.get('backend')) ?? 'auto';
