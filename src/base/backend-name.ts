/** The names of backends and engines. */

/** The backends on which a model can run. */
export const BACKENDS = ['webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** The order in which backends are tried at first: those that are ready soonest come first, until a race proves another one faster. */
export const STARTING_ORDER: readonly BackendName[] = ['wasm', 'webgpu', 'cpu'];

/** The backend that answers a call, or the app's fallback. */
export type ServingBackend = BackendName | 'fallback';

/** The engines, each of which executes graphs on one or more backends. */
export type EngineName = 'compiled' | 'tfjs';
