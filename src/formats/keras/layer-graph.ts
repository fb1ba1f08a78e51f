/** The graph that layers are lowered into: it keeps to the limits of a model file, and makes one constant of each weight. */
import { sizeOf } from '../../base/dtype.js';
import { GraphBuilder } from '../../graph/builder.js';
import type { Origin, TypedValue } from '../../graph/graph.js';
import type { OpAttributes, OpName } from '../../graph/ops/index.js';
import { isOpen } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { constantOf } from '../tfjs/read/constant.js';
import type { Weight } from '../tfjs/weights.js';

/** A graph under construction. */
export class LayerGraph {
  readonly builder = new GraphBuilder();
  readonly #constants = new Map<string, TypedValue>();
  #calls = 0;
  #nodes = 0;

  /** Counts a call of a layer, since models within models could call one another endlessly. */
  countCall(layer: string): void {
    if (++this.#calls > LIMITS.nodes) throw broken(`The model calls more than ${LIMITS.nodes} layers; that is the limit (at "${layer}").`);
  }

  /**
   * Adds a node, whose outputs are called `scope/op`.
   * @throws {PannierError} `model-format` if the inputs do not fit the op, or an output is too large
   */
  ops<Name extends OpName>(
    scope: string,
    origin: Origin,
    op: Name,
    inputs: readonly (TypedValue | null)[],
    attributes: OpAttributes[Name],
    count = 1,
  ): readonly TypedValue[] {
    if (++this.#nodes > LIMITS.nodes) throw broken(`The model needs more than ${LIMITS.nodes} nodes; that is the limit.`);
    const outputs = this.builder.ops(op, inputs, attributes, origin, Array<string>(count).fill(`${scope}/${op}`));
    for (const { type } of outputs) {
      const elements = sizeOf(type.shape.slice(1).map((size) => (isOpen(size) ? 1 : size)));
      if (elements > LIMITS.layerElements)
        throw broken(`"${scope}" makes ${elements} values of one example; the limit is ${LIMITS.layerElements}.`);
    }
    return outputs;
  }

  /** A weight of the model file, which becomes one constant for each shape that it is wanted in, however often it is used. */
  weight(weight: Weight): TypedValue {
    const key = `${weight.name} [${weight.shape}]`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const made = this.builder.constant(constantOf(weight));
    this.#constants.set(key, made);
    return made;
  }
}
