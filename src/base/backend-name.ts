/** The names of backends and engines. */

/** The backends on which a model can run. */
export const BACKENDS = ['webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Where a model runs first, until another place has proved faster: those that are ready quickest, and quick enough. */
export const STARTING_ORDER: readonly BackendName[] = ['wasm', 'webgpu', 'cpu'];

/** What answers a call: a backend, or the app's fallback. */
export type ServingBackend = BackendName | 'fallback';

/** What executes a graph on a backend. */
export type EngineName = 'tfjs';
