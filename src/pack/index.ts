/** `pannier/pack`: what Node programs and `pannier.config.mjs` import. */
export { defineConfig, type ImageOptions, type InputOptions, type OutputOptions, type PackOptions, type PannierConfig } from './options.js';
export { type PackResult, pack } from './pack.js';
