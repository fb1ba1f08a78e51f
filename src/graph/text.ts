/** A graph as text that people read: one line for each input, constant, node and output. `pannier doctor --graph` prints it. */
import type { AttributeKind } from './attribute.js';
import { storageText } from './constant.js';
import type { Constant, Graph, Node, Value } from './graph.js';
import { definitionOf } from './ops/index.js';
import { typeText } from './tensor.js';

/** The whole graph. Two graphs of one text compute the same with the same bytes of constants. */
export const graphText = (graph: Graph): string =>
  [
    ...graph.inputs.map((value) => `input ${declaration(value)}`),
    ...graph.constants.map(constantText),
    ...graph.nodes.map(nodeText),
    `output ${graph.outputs.map(({ name }) => name).join(', ')}`,
    '',
  ].join('\n');

const declaration = ({ name, type }: Value): string => `${name}: ${typeText(type)}`;

function constantText({ value, storage }: Constant): string {
  return `constant ${declaration(value)}${storage.kind === 'plain' ? '' : ` stored as ${storageText(storage)}`}`;
}

/** The attributes of a node, such as `axis=1, batchDimensions=0`. */
export function attributesText({ op, attributes }: Pick<Node, 'op' | 'attributes'>): string {
  const kinds = definitionOf(op).attributes as Readonly<Record<string, AttributeKind<unknown>>>;
  const settings = Object.entries(kinds).flatMap(([name, kind]) => {
    const json = kind.toJson((attributes as Readonly<Record<string, unknown>>)[name]);
    return json === undefined ? [] : [`${name}=${JSON.stringify(json)}`];
  });
  return settings.join(', ');
}

/** One node, such as `y: float32[batch, 4] = matmul(x, w)  # tfjs MatMul "dense/MatMul"`. */
export function nodeText(node: Node): string {
  const { op, inputs, outputs, origin } = node;
  const taken = [...inputs.map((each) => each?.name ?? 'none'), attributesText(node)].filter((each) => each !== '').join(', ');
  return `${outputs.map(declaration).join(', ')} = ${op}(${taken})  # ${origin.format} ${origin.op} "${origin.name}"`;
}
