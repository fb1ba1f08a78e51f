/** The comparison over models that are made for it: transformers that the tests build, and a small perceptron. */
import { MODELS, PUBLIC } from './compiled/models.mjs';
import { compare, keep } from './compiled.mjs';

const NAMES = Object.keys(MODELS).filter((name) => !PUBLIC.includes(name));

/** @param named models, default all of them */
export const run = (rounds = 15, ...named) => compare(named.length === 0 ? NAMES : named, rounds, 1);

export const report = ({ rows }) => void keep(rows, 'made');
