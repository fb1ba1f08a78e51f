/** Checks one node against the definition of its op, and infers what it gives. */
import type { AttributeKind } from './attribute.js';
import type { Origin, Value } from './graph.js';
import { nodeError, opError } from './node-error.js';
import { definitionOf, type OpName } from './ops/index.js';
import type { TensorType } from './tensor.js';

/** The parts of a node that decide what it gives. */
export interface UntypedNode {
  readonly op: OpName;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (Value | null)[];
  readonly origin: Origin;
}

/**
 * The types of a node's outputs.
 * @throws {PannierError} `model-format`, naming the node, if inputs or attributes do not fit the op
 */
export function inferTypes({ op, attributes, inputs, origin }: UntypedNode): readonly TensorType[] {
  const definition = definitionOf(op);
  checkInputs(definition.inputs, inputs, op, origin);
  checkAttributes(definition.attributes as Readonly<Record<string, AttributeKind<unknown>>>, attributes, op, origin);
  const types = inputs.map((each) => {
    if (each?.type === null) throw nodeError(origin, `takes "${each.name}", whose type only TF.js knows`);
    return each?.type;
  });
  try {
    return definition.infer(types, attributes as never);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw opError(op, origin, thrown.message);
    throw thrown;
  }
}

/** @throws {PannierError} `model-format` */
export function checkInputs(names: readonly string[], inputs: readonly (Value | null)[], op: string, origin: Origin): void {
  const isVariadic = names.at(-1)?.endsWith('...') === true;
  const least = names.filter((name) => !name.endsWith('?')).length;
  if (inputs.length < least || (inputs.length > names.length && !isVariadic))
    throw opError(op, origin, `takes ${names.join(', ') || 'no inputs'}, but got ${inputs.length} inputs`);
  const absent = inputs.findIndex((each, index) => each === null && !names[index]?.endsWith('?'));
  if (absent >= 0) throw opError(op, origin, `lacks its input ${names[Math.min(absent, names.length - 1)]}`);
}

/** @throws {PannierError} `model-format` */
export function checkAttributes(
  kinds: Readonly<Record<string, AttributeKind<unknown>>>,
  attributes: Readonly<Record<string, unknown>>,
  op: string,
  origin: Origin,
): void {
  const unknown = Object.keys(attributes).find((name) => !Object.hasOwn(kinds, name));
  if (unknown !== undefined) throw opError(op, origin, `has no attribute "${unknown}"`);
  for (const [name, { is, wanted }] of Object.entries(kinds))
    if (!is(attributes[name])) throw opError(op, origin, `takes ${wanted} as ${name}`);
}
