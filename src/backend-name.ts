/** The names of what can run a model, in one place; everything else derives from them. */

/** Where a model can run, in the order in which backends are tried. */
export const BACKENDS = ['webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** What executes a graph on a backend. */
export type EngineName = 'tfjs';
