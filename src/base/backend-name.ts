/** The names of what can run a model, in one place; everything else derives from them. */

/** Where a model can run. */
export const BACKENDS = ['webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Where a model runs first, until another place has proved faster: those that are ready quickest, and quick enough. */
export const STARTING_ORDER: readonly BackendName[] = ['wasm', 'webgpu', 'cpu'];

/** What answers calls: a backend, or where none can, the app's own function. */
export type ServingBackend = BackendName | 'fallback';

/** What executes a graph on a backend. */
export type EngineName = 'tfjs';
