/** A graph whose open sizes have become numbers. */
import { GraphBuilder } from './builder.js';
import type { Graph, Value } from './graph.js';
import { isOpenSize } from './needed.js';
import type { OpAttributes, OpName } from './ops/index.js';
import { type Size, substitute } from './size.js';

/**
 * Binds open sizes of a graph's inputs, and infers all shapes again. Sizes without a number, and those that values decide, stay open.
 * @param graph without a part that only TF.js can run
 * @param sizes numbers by the names of the open sizes
 * @throws {PannierError} `model-format`, naming the node that cannot have these sizes
 */
export function bindSizes(graph: Graph, sizes: ReadonlyMap<string, number>): Graph {
  const builder = new GraphBuilder();
  const bound = new Map<string, Value>();
  const isCounted = new Set(graph.nodes.flatMap(({ attributes }) => ('countName' in attributes ? [attributes.countName] : [])));
  const close = (attribute: unknown): unknown => {
    if (Array.isArray(attribute)) return attribute.map(close);
    return isOpenSize(attribute) && ![...isCounted].some((name) => mentions(attribute, name)) ? substitute(attribute, sizes) : attribute;
  };
  for (const { name, type } of graph.inputs) {
    if (type === null) throw new Error(`The type of the input "${name}" is not known.`);
    bound.set(name, builder.input(name, { dataType: type.dataType, shape: close(type.shape) as readonly Size[] }));
  }
  for (const constant of graph.constants) bound.set(constant.value.name, builder.constant(constant));
  for (const { op, inputs, outputs, attributes, origin } of graph.nodes) {
    const closed = Object.fromEntries(Object.entries(attributes).map(([name, each]) => [name, close(each)]));
    const given = inputs.map((each) => (each === null ? null : (bound.get(each.name) as Value)));
    const names = outputs.map(({ name }) => name);
    for (const [index, value] of builder.ops(op, given, closed as unknown as OpAttributes[OpName], origin, names).entries())
      bound.set((outputs[index] as Value).name, value);
  }
  return builder.build(graph.outputs.map(({ name }) => bound.get(name) as Value));
}

const mentions = (size: unknown, name: string): boolean => JSON.stringify(size).includes(JSON.stringify(name));
