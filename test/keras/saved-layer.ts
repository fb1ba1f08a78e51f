/** A model of one layer, in the form in which Keras 2 saves it and in that of Keras 3. */
import { sizeOf } from '../../src/base/dtype.js';
import { type Lowered, lowerLayers } from '../../src/formats/keras/lower.js';
import type { Weight } from '../../src/formats/tfjs/weights.js';
import type { Json } from '../fixtures/layers.js';
import { referenceAnswers } from '../fixtures/lowered-layers.js';
import type { LayerCase, Values } from './cases/case.js';

export type Version = 2 | 3;

const VERSIONS = { 2: '2.15.0', 3: '3.15.1' } as const;
const NAME = 'layer';

/** Reads a model of one case's layer. */
export function lowered(of: LayerCase, version: Version): Lowered {
  const weights = Object.entries(of.weights ?? {}).map(([name, [shape, values]]): Weight => {
    const known = version === 3 ? (of.renamed?.[name] ?? name) : name;
    return { name: `${NAME}/${known}`, shape, dtype: 'float32', bytes: new Uint8Array(Float32Array.from(values).buffer) };
  });
  const config = {
    name: 'model',
    trainable: true,
    layers: [...of.inputs.map((input, index) => inputOf(input, index, of, version)), layerOf(of, version)],
  };
  const ends = {
    input_layers: of.inputs.map((_, index) => [`x${index}`, 0, 0]),
    output_layers: of.wanted.map((_, output) => [NAME, 0, output]),
  };
  const model = { class_name: 'Functional', config: { ...config, ...ends } };
  return lowerLayers({ keras_version: VERSIONS[version], model_config: model }, weights, 'model.json');
}

/** The values of each output. */
export function answersOf(of: LayerCase, version: Version): readonly (readonly number[])[] {
  const model = lowered(of, version);
  const given = of.inputs.map(([shape, values], index) => ({
    shape: [1, ...shape],
    data: model.graph.inputs[index]?.type?.dataType === 'int32' ? Int32Array.from(values) : Float32Array.from(values),
  }));
  const answers = referenceAnswers(model, given);
  for (const { shape, data } of answers) if (sizeOf(shape) !== data.length) throw new Error(`${data.length} values of ${shape}`);
  return answers.map(({ data }) => Array.from(data as ArrayLike<number>));
}

const typeOf = (isWhole: boolean | undefined): string => (isWhole ? 'int32' : 'float32');

function inputOf([shape]: Values, index: number, { isWhole }: LayerCase, version: Version): Json {
  const sizes = [null, ...shape];
  const name = `x${index}`;
  const common = { dtype: typeOf(isWhole), sparse: false, ragged: false, name };
  const config = version === 2 ? { ...common, batch_input_shape: sizes } : { ...common, batch_shape: sizes, optional: false };
  return { class_name: 'InputLayer', config, name, inbound_nodes: [] };
}

function layerOf(of: LayerCase, version: Version): Json {
  const own = { ...of.config, ...(version === 2 ? of.keras2 : of.keras3) };
  const dtype =
    version === 2 ? 'float32' : { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null };
  const config = { name: NAME, trainable: true, dtype, ...own };
  const given = Object.entries(of.arguments ?? {});
  const named = given.flatMap(([, value]) => (value === true ? [] : [value].flat()));
  const inputs = of.inputs.map((_, index) => `x${index}`).filter((name) => !named.includes(name));
  if (version === 2) return { class_name: of.kind, config, name: NAME, inbound_nodes: [nodeOf2(inputs, of.arguments ?? {})] };
  const tensor = (name: string) => ({ class_name: '__keras_tensor__', config: { dtype: 'float32', keras_history: [name, 0, 0] } });
  const kwargs = given.map(([key, value]) => [key, value === true ? true : typeof value === 'string' ? tensor(value) : value.map(tensor)]);
  const args = [inputs.length === 1 ? tensor(inputs[0]!) : inputs.map(tensor)];
  const node = { args, kwargs: { mask: null, ...Object.fromEntries(kwargs) } };
  return {
    module: 'keras.layers',
    class_name: of.kind,
    registered_name: null,
    config,
    build_config: {},
    name: NAME,
    inbound_nodes: [node],
  };
}

/** Keras 2 lists the states of recurrent layers among the inputs. */
function nodeOf2(inputs: readonly string[], given: NonNullable<LayerCase['arguments']>): unknown {
  const states = Object.values(given)
    .filter((value) => Array.isArray(value))
    .flat();
  const kwargs: (readonly [string, unknown])[] = [];
  for (const [key, value] of Object.entries(given)) if (!Array.isArray(value)) kwargs.push([key, value === true ? value : [value, 0, 0]]);
  return [...inputs, ...states].map((name) => [name, 0, 0, Object.fromEntries(kwargs)]);
}
