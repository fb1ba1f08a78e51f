/** Checks that a graph is one: every pass and every reader has its result verified. */
import { PannierError } from '../base/errors.js';
import type { AttributeKind } from './attribute.js';
import { canBeStored, storageText, storedBytes } from './constant.js';
import type { Constant, Graph, Node, Value } from './graph.js';
import { checkAttributes, checkInputs, inferTypes } from './infer.js';
import { nodeError } from './node-error.js';
import { definitionOf } from './ops/index.js';
import { isOpen, namesIn } from './size.js';
import { isClosed, typeText } from './tensor.js';

/**
 * Checks names, order, attributes, types and the sizes of constants.
 * @throws {PannierError} `model-format`, naming the node or value
 */
export function verify(graph: Graph): void {
  const known = new Map<string, Value>();
  const declare = (value: Value): void => {
    if (known.has(value.name)) throw wrong(`Value "${value.name}" is made twice; names must be unique.`);
    known.set(value.name, value);
  };
  for (const input of graph.inputs) {
    verifySizes(input);
    declare(input);
  }
  for (const constant of graph.constants) {
    verifyConstant(constant);
    declare(constant.value);
  }
  const openSizes = openSizesOf(graph);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input !== null && known.get(input.name) !== input)
        throw nodeError(node.origin, `takes "${input.name}", which is not made before it`);
    }
    verifyTypes(node);
    verifyOpenSizes(node, (name) => openSizes.has(name));
    if ('countName' in node.attributes) openSizes.add(node.attributes.countName);
    node.outputs.forEach(declare);
  }
  for (const output of graph.outputs)
    if (known.get(output.name) !== output) throw wrong(`Output "${output.name}" is no value of the graph.`);
}

function verifySizes({ name, type }: Value): void {
  if (type?.shape.some((size) => !isOpen(size) && !(Number.isSafeInteger(size) && size >= 0)))
    throw wrong(`Value "${name}" has a size that is none: ${typeText(type)}.`);
}

/** The names of the open sizes that the inputs of a graph have. */
export const openSizesOf = ({ inputs }: Pick<Graph, 'inputs'>): Set<string> =>
  new Set(inputs.flatMap(({ type }) => type?.shape.flatMap((size) => [...namesIn(size)]) ?? []));

/** @throws {PannierError} `model-format` if a constant has not the bytes that its type takes as it is stored */
export function verifyConstant({ value, bytes, storage }: Constant): void {
  verifySizes(value);
  const { name, type } = value;
  if (!isClosed(type.shape)) throw wrong(`Constant "${name}" has an open size: ${typeText(type)}.`);
  if (!canBeStored(type.dataType, storage, type.shape))
    throw wrong(`Constant "${name}" is ${typeText(type)}, stored as ${storageText(storage)}.`);
  const wanted = storedBytes(type.dataType, type.shape, storage);
  if (bytes.length !== wanted) throw wrong(`Constant "${name}" has ${bytes.length} bytes; ${typeText(type)} takes ${wanted}.`);
}

/** @throws {PannierError} `model-format` if a node does not fit its op, or gives other types than it says */
export function verifyTypes(node: Node): void {
  if (node.op === 'tfjsGraph') {
    const { inputs, attributes } = definitionOf(node.op);
    checkInputs(inputs, node.inputs, node.op, node.origin);
    checkAttributes(attributes as Readonly<Record<string, AttributeKind<unknown>>>, node.attributes, node.op, node.origin);
    return;
  }
  const types = inferTypes(node);
  const stated = node.outputs.map(({ type }) => typeText(type)).join(', ');
  const inferred = types.map(typeText).join(', ');
  if (stated !== inferred) throw nodeError(node.origin, `gives ${inferred}, but its outputs are said to be ${stated || 'none'}`);
}

/**
 * Checks that every open size of a node's outputs is one of an input, or is named by the one node whose values decide it.
 * @param isKnown whether an open size is known before the node
 * @throws {PannierError} `model-format`
 */
export function verifyOpenSizes(node: Node, isKnown: (name: string) => boolean): void {
  const own = 'countName' in node.attributes ? node.attributes.countName : undefined;
  if (own !== undefined && isKnown(own)) throw nodeError(node.origin, `names the open size "${own}", which there is already`);
  for (const { type } of node.outputs)
    for (const size of type?.shape ?? [])
      for (const name of namesIn(size))
        if (name !== own && !isKnown(name)) throw nodeError(node.origin, `has the open size "${name}", which no input has`);
}

const wrong = (message: string): PannierError => new PannierError('model-format', message);
