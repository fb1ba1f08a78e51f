/**
 * Why a model is off on TF.js's wasm backend, found by comparing every node of its graph on both backends.
 * What is here is known; the run fails where something is off that is not.
 */
const ROUNDING =
  'rounding: the same float32 sums in another order, 1e-6 of its size at the first block and amplified on the way to the mask; moving the input by 1e-6 moves as many values on cpu alone';

export const WASM = {
  'blazepose-full': { outputs: ['activationSegmentation'], share: 1e-3, cause: ROUNDING },
  'blazepose-heavy': { outputs: ['activationSegmentation'], share: 1e-3, cause: ROUNDING },
  'blazepose-lite': { outputs: ['activationSegmentation'], share: 1e-3, cause: ROUNDING },
};
