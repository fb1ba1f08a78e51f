/** The comparison of compiled modules, which have one thread, with rivals that have two: LiteRT.js and onnxruntime-web. */

import { MODELS, PUBLIC } from './compiled/models.mjs';
import { compare, keep } from './compiled.mjs';

const THREADS = 2;

/** Models that a rival with threads can run. */
const NAMES = PUBLIC.filter((name) => Object.values(MODELS[name].files).some((file) => file !== undefined));

/** @param named models, default all that one of both can run */
export const run = (rounds = 15, ...named) => compare(named.length === 0 ? NAMES : named, rounds, THREADS);

export const report = ({ rows }) => void keep(rows, 'compiled-threads');
