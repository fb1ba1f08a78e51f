/** Checks that a graph is one: every pass and every reader has its result verified. */
import { sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import type { AttributeKind } from './attribute.js';
import { bytesPerElement, canBeStored } from './constant.js';
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
    verifySizes(constant.value);
    verifyConstant(constant);
    declare(constant.value);
  }
  const openSizes = new Set(graph.inputs.flatMap(({ type }) => type?.shape.flatMap((size) => [...namesIn(size)]) ?? []));
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input !== null && known.get(input.name) !== input)
        throw nodeError(node.origin, `takes "${input.name}", which is not made before it`);
    }
    verifyTypes(node);
    verifyOpenSizes(node, openSizes);
    node.outputs.forEach(declare);
  }
  for (const output of graph.outputs)
    if (known.get(output.name) !== output) throw wrong(`Output "${output.name}" is no value of the graph.`);
}

function verifySizes({ name, type }: Value): void {
  if (type?.shape.some((size) => !isOpen(size) && !(Number.isSafeInteger(size) && size >= 0)))
    throw wrong(`Value "${name}" has a size that is none: ${typeText(type)}.`);
}

function verifyConstant({ value: { name, type }, bytes, storage }: Constant): void {
  if (!isClosed(type.shape)) throw wrong(`Constant "${name}" has an open size: ${typeText(type)}.`);
  if (!canBeStored(type.dataType, storage)) throw wrong(`Constant "${name}" is ${type.dataType}, stored as ${storage.kind}.`);
  const wanted = sizeOf(type.shape) * bytesPerElement(type.dataType, storage);
  if (bytes.length !== wanted) throw wrong(`Constant "${name}" has ${bytes.length} bytes; ${typeText(type)} takes ${wanted}.`);
}

function verifyTypes(node: Node): void {
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

/** Every open size is one of an input, or is named by the one node whose values decide it. */
function verifyOpenSizes(node: Node, openSizes: Set<string>): void {
  if ('countName' in node.attributes) {
    const { countName } = node.attributes;
    if (openSizes.has(countName)) throw nodeError(node.origin, `names the open size "${countName}", which there is already`);
    openSizes.add(countName);
  }
  for (const { type } of node.outputs)
    for (const size of type?.shape ?? [])
      for (const name of namesIn(size))
        if (!openSizes.has(name)) throw nodeError(node.origin, `has the open size "${name}", which no input has`);
}

const wrong = (message: string): PannierError => new PannierError('model-format', message);
