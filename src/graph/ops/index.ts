/** The table of ops: every operation that a graph can have. */
import type { AttributesOf } from '../attribute.js';
import type { OpDefinition } from '../op.js';
import { ELEMENTWISE_OPS } from './elementwise.js';
import { INDEXING_OPS } from './indexing.js';
import { MOVEMENT_OPS } from './movement.js';
import { NETWORK_OPS } from './network.js';
import { OPAQUE_OPS } from './opaque.js';
import { QUANTIZATION_OPS } from './quantization.js';
import { REDUCTION_OPS } from './reduction.js';

/**
 * Ops carry the names of WebNN's operators where WebNN has them (W3C Web Neural Network API, Candidate Recommendation of 2025), and
 * say where they differ.
 */
export const OPS = {
  ...ELEMENTWISE_OPS,
  ...REDUCTION_OPS,
  ...MOVEMENT_OPS,
  ...INDEXING_OPS,
  ...NETWORK_OPS,
  ...QUANTIZATION_OPS,
  ...OPAQUE_OPS,
} as const;

export type OpName = keyof typeof OPS;

/** The attributes of each op. */
export type OpAttributes = { readonly [Name in OpName]: AttributesOf<(typeof OPS)[Name]['attributes']> };

export const isOpName = (name: string): name is OpName => Object.hasOwn(OPS, name);

/** The definition of an op, without the types of its attributes. */
export const definitionOf = (name: OpName): OpDefinition => OPS[name] as unknown as OpDefinition;
