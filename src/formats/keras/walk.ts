/** Visits the layers of a model in the order of their dependencies, and lowers each by its rule. */
import type { TypedValue } from '../../graph/graph.js';
import { broken } from '../file-fields.js';
import { isSource, type Operand, type Source, sourcesOf } from './calls.js';
import { checkAllRead, checkDtype } from './config-fields.js';
import type { LayerGraph } from './layer-graph.js';
import { Call, type CallParts } from './rule.js';
import { ruleOf } from './rules.js';
import type { Settings } from './settings.js';
import type { LayerConfig, ModelConfig } from './topology.js';
import type { WeightSource } from './weights.js';

/** The graph that gets the nodes, and the weights of the layers. */
export interface Ground {
  readonly graph: LayerGraph;
  readonly store: WeightSource;
  /** The names of the models around the layers, each with `/` behind it; '' in the whole model. */
  readonly within: string;
}

/**
 * Lowers one call of a model.
 * @returns a value for each of its outputs
 * @throws {PannierError} `model-format`, naming the layer
 */
export function callModel(ground: Ground, model: ModelConfig, inputs: readonly TypedValue[]): readonly TypedValue[] {
  return model.ends === undefined ? callInOrder(ground, model, inputs) : callByNeed(ground, model, model.ends, inputs);
}

function callInOrder(ground: Ground, model: ModelConfig, inputs: readonly TypedValue[]): readonly TypedValue[] {
  let values = inputs;
  for (const layer of model.layers.values()) {
    if (values.length !== 1) throw broken(`${layer.settings.what} is given ${values.length} inputs; in a sequential model it is one.`);
    if (layer.settings.kind !== 'InputLayer') values = callLayer(ground, layer, values);
  }
  return values;
}

/** Calls the layers that the outputs need, each after its inputs. It does not recurse, since a file would decide how deep. */
function callByNeed(
  ground: Ground,
  model: ModelConfig,
  ends: NonNullable<ModelConfig['ends']>,
  inputs: readonly TypedValue[],
): readonly TypedValue[] {
  if (inputs.length !== ends.inputs.length)
    throw broken(`Model "${model.name}" takes ${ends.inputs.length} inputs, but is given ${inputs.length}.`);
  const firstCalls = firstCallsOf(model, ends.outputs);
  const keyOf = ({ layer, call }: Source) => `${call} ${layer}`;
  const results = new Map<string, readonly TypedValue[]>();
  for (const [index, source] of ends.inputs.entries()) results.set(keyOf(source), [inputs[index] as TypedValue]);
  const callOf = ({ layer, call }: Source) => {
    const config = model.layers.get(layer) as LayerConfig;
    const given = config.calls[call - (firstCalls.get(layer) ?? 0)];
    if (given === undefined)
      throw broken(`Call ${call} of layer "${layer}" is wanted, but model "${model.name}" has ${config.calls.length}.`);
    return { config, given };
  };
  const resultOf = (source: Operand): TypedValue => {
    if (!isSource(source)) return ground.graph.builder.number('float32', source);
    const result = results.get(keyOf(source))?.[source.output];
    if (result === undefined) throw broken(`Output ${source.output} of layer "${source.layer}" is wanted, which it does not have.`);
    return result;
  };

  const waiting: Source[] = [...ends.outputs];
  const begun = new Set<string>();
  for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
    const key = keyOf(next);
    if (results.has(key)) {
      waiting.pop();
      continue;
    }
    const { config, given } = callOf(next);
    const missing = sourcesOf(given).filter((source) => !results.has(keyOf(source)));
    if (missing.length === 0) {
      const tensors = new Map([...given.tensors].map(([name, source]) => [name, resultOf(source)]));
      results.set(key, callLayer(ground, config, given.inputs.map(resultOf), { tensors, flags: given.flags }));
      continue;
    }
    begun.add(key);
    const circular = missing.find((source) => begun.has(keyOf(source)));
    if (circular !== undefined)
      throw broken(`Layer "${next.layer}" takes what layer "${circular.layer}" gives, which in turn waits for it: a cycle.`);
    for (const source of missing) waiting.push(source);
  }
  return ends.outputs.map(resultOf);
}

/**
 * The index of the first call of each model within this one. It is 1 for most writers, which count the construction of a model
 * as call 0.
 */
function firstCallsOf({ layers }: ModelConfig, outputs: readonly Source[]): ReadonlyMap<string, number> {
  const firsts = new Map([...layers].filter(([, { model }]) => model !== undefined).map(([name]) => [name, 1]));
  for (const { layer, call } of [...[...layers.values()].flatMap(({ calls }) => calls.flatMap(sourcesOf)), ...outputs]) {
    if (call === 0 && firsts.has(layer)) firsts.set(layer, 0);
  }
  return firsts;
}

/** Arguments of a call beside its inputs. */
type Extras = Pick<CallParts, 'tensors' | 'flags'>;

const NO_EXTRAS: Extras = { tensors: new Map(), flags: new Set() };

function callLayer(ground: Ground, { settings, model }: LayerConfig, inputs: readonly TypedValue[], extras = NO_EXTRAS) {
  ground.graph.countCall(settings.name);
  if (model === undefined) return callRule(ground, settings, settings.name, inputs, extras);
  return callModel({ ...ground, within: `${ground.within}${settings.name}/` }, model, inputs);
}

function callRule(ground: Ground, settings: Settings, scope: string, given: readonly TypedValue[], extras: Extras): readonly TypedValue[] {
  const { graph, store, within } = ground;
  const { rule, takesWholeNumbers, givesWholeNumbers } = ruleOf(settings);
  checkDtype(settings, givesWholeNumbers);
  const call = new Call({
    settings,
    scope,
    inputs: given,
    ...extras,
    graph,
    // Layers of two models may have one name; some files have that of the model in front.
    weights: within === '' ? store.of(settings, scope) : store.of(settings, scope, `${within}${scope}`),
    weightsOf: (inner, ...scopes) => store.of(inner, ...scopes),
    callInner: (inner, innerScope, inputs) => callRule(ground, inner, innerScope, inputs, NO_EXTRAS),
  });
  const floats = () => ({
    inputs: given.map((input) => asFloat(call, input)),
    tensors: new Map([...extras.tensors].map(([key, tensor]) => [key, asFloat(call, tensor)])),
  });
  const outputs = rule(takesWholeNumbers ? call : call.with(floats()));
  checkAllRead(settings);
  return outputs;
}

const asFloat = (call: Call, input: TypedValue): TypedValue =>
  input.type.dataType === 'float32' ? input : call.op('cast', [input], { to: 'float32' });
