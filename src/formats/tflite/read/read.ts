/** Reads a .tflite file into our graph. Operators mean what TensorFlow Lite's reference kernels compute (tensorflow/lite/kernels). */
import { sizeOf } from '../../../base/dtype.js';
import { Names } from '../../../base/names.js';
import { GraphBuilder } from '../../../graph/builder.js';
import type { Graph, Origin, TypedValue } from '../../../graph/graph.js';
import { withoutDeadCode } from '../../../graph/needed.js';
import { nodeError } from '../../../graph/node-error.js';
import { renameValues } from '../../../graph/rename.js';
import { isOpen } from '../../../graph/size.js';
import { broken, nameAt } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';
import { openShape } from '../../open-shape.js';
import { CannotExpress, cannotExpress } from '../../reading/cannot-express.js';
import { namesInFile } from '../../reading/names-in-file.js';
import { listOfTensors, type ReadTensor, Tensors } from '../../reading/tensors.js';
import type { Ends } from '../../tfjs/ends.js';
import { dataTypeOf, elementTypeName, FLOAT32 } from '../element-types.js';
import type { TfliteModel, TfliteOperator, TfliteSignature, TfliteSubgraph, TfliteTensor } from '../model.js';
import { Call, type OperatorTensors } from './call.js';
import { constantOfTensor } from './constant.js';
import { constantsMade, isQuantized } from './constant-operators.js';
import { Constants } from './constants.js';
import { counterOfCopies } from './copies.js';
import { describedEnds, type State } from './ends.js';
import { IMPORTERS } from './importers.js';
import { isOfQuantized, readQuantized, type WithInputs } from './quantized/index.js';
import { foldedSizes } from './sizes.js';

/** A graph, and what the file says of its inputs and outputs, in its order. */
export interface ReadTflite {
  readonly graph: Graph;
  readonly ends: Ends;
  /** The tensors that keep their elements from call to call. */
  readonly states: readonly State[];
}

/**
 * Reads the graph of a signature. A value has the name of its tensor in the file.
 * @param signature undefined for the first graph of the file without one
 * @param file how messages name the model
 * @throws {PannierError} `model-format`, naming the operator and its first output, for a model that contradicts itself, and for an
 *   operator that our graph cannot say
 */
export function readTflite(model: TfliteModel, signature: TfliteSignature | undefined, file: string): ReadTflite {
  const subgraph = model.subgraphs[signature?.subgraph ?? 0] as TfliteSubgraph;
  if (subgraph.outputs.length === 0) throw broken(`${file} has no outputs.`);
  const builder = new GraphBuilder(LIMITS.graphValues);
  const tensors = new Tensors(builder, counterOfCopies(model.bytes));
  const reader = new Reader(model, builder, tensors);
  const inputs = subgraph.inputs.map((index) => {
    const tensor = subgraph.tensors[index] as TfliteTensor;
    const dataType = dataTypeOf(tensor.elementType);
    if (dataType === undefined)
      throw broken(`Input "${tensor.name}" is ${elementTypeName(tensor.elementType)}, which Pannier's graph does not have.`);
    const shape = openShape(tensor.shape, (wanted) => tensors.openName(wanted));
    return builder.input(nameAt(tensor.name || `input_${index}`, 'An input'), { dataType, shape });
  });
  const outputs = readOutputs(reader, subgraph, inputs, file).map((output, place) => {
    const { name } = subgraph.tensors[subgraph.outputs[place] as number] as TfliteTensor;
    return tensors.asValue(output, { format: 'tflite', op: 'OUTPUT', name });
  });
  const graph = builder.build([...outputs, ...reader.nextElements()]);
  const named = renameValues(withoutDeadCode(graph), namesInFile(graph, reader.tensorNames));
  return { graph: named, ...describedEnds(named, subgraph, signature, reader.variables) };
}

function readOutputs(reader: Reader, subgraph: TfliteSubgraph, inputs: readonly TypedValue[], file: string): readonly ReadTensor[] {
  try {
    return reader.readSubgraph(subgraph, inputs);
  } catch (thrown) {
    // Operators name themselves in their errors: this one is about the outputs of the model.
    throw thrown instanceof CannotExpress ? broken(`${file} ${thrown.message}, as its output.`) : thrown;
  }
}

/** How deep subgraphs may call each other: none may call itself. */
const MAX_CALLS = 16;

/** The name that the reader knows a tensor of the graph by. @param index of the tensor, which the graph has */
type NameOf = (index: number) => string;

/** How often a graph names its tensors, which the time to read it grows with. */
const referencesOf = ({ inputs, outputs, operators }: TfliteSubgraph): number =>
  operators.reduce((sum, each) => sum + each.inputs.length + each.outputs.length, inputs.length + outputs.length);

class Reader {
  readonly #model: TfliteModel;
  readonly #builder: GraphBuilder;
  readonly #tensors: Tensors;
  /** The names that the tensors of all subgraphs are known by, each once. */
  readonly #names = new Names();
  readonly #constantNames = new Map<TfliteTensor, string>();
  readonly #constants: Constants;
  /** The names of tensors in the file, by those of the values that they became. */
  readonly #tensorNames = new Map<string, string>();
  /** The tensors that keep their elements, by those names, in the order in which operators take them. */
  readonly #variables = new Map<string, TfliteTensor>();
  #count = 0;
  /** How often the graphs that operators entered name their tensors. */
  #references = 0;
  #depth = 0;

  constructor(model: TfliteModel, builder: GraphBuilder, tensors: Tensors) {
    this.#model = model;
    this.#builder = builder;
    this.#tensors = tensors;
    this.#constants = new Constants(tensors, this.#names);
  }

  /** Reads the operators of a subgraph for inputs that have been read, and gives its outputs. */
  readSubgraph(subgraph: TfliteSubgraph, given: readonly ReadTensor[]): readonly ReadTensor[] {
    if (given.length !== subgraph.inputs.length)
      throw cannotExpress(`gives ${given.length} inputs to a graph that takes ${subgraph.inputs.length}`);
    const nameOf = this.#namesOf(subgraph);
    for (const [place, index] of subgraph.inputs.entries()) this.#tensors.set(nameOf(index), given[place] as ReadTensor);
    const taken = new Set([...subgraph.operators.flatMap(({ inputs }) => inputs), ...subgraph.outputs]);
    for (const operator of subgraph.operators) this.#readOperator(operator, subgraph, nameOf, taken);
    return subgraph.outputs.map((index) => {
      const name = nameOf(index);
      this.#require(name, subgraph.tensors[index] as TfliteTensor);
      return this.#tensors.sizes(name) ?? (this.#tensors.value(name) as TypedValue);
    });
  }

  get variables(): readonly TfliteTensor[] {
    return [...this.#variables.values()];
  }

  /** The elements of the variables after the call. */
  nextElements(): readonly TypedValue[] {
    return [...this.#variables.keys()].map((name) => this.#tensors.value(name) as TypedValue);
  }

  /** The names of tensors in the file, by the names of the values that they are in the graph. */
  get tensorNames(): ReadonlyMap<string, string> {
    return this.#tensorNames;
  }

  /** Names tensors when they are first used, since a graph that is entered often may have many that nothing uses. */
  #namesOf({ tensors }: TfliteSubgraph): NameOf {
    const names = new Map<number, string>();
    return (index) => {
      const tensor = tensors[index] as TfliteTensor;
      const known = names.get(index) ?? this.#constantNames.get(tensor);
      if (known !== undefined) return known;
      const name = this.#names.take(tensor.name || `tensor_${index}`);
      names.set(index, name);
      // A constant is the same each time its graph is entered.
      if (tensor.bytes !== undefined && !tensor.isVariable) this.#constantNames.set(tensor, name);
      return name;
    };
  }

  #readOperator(operator: TfliteOperator, subgraph: TfliteSubgraph, nameOf: NameOf, taken: ReadonlySet<number>): void {
    const tensorOf = (index: number): TfliteTensor | undefined => subgraph.tensors[index];
    const outputNames = operator.outputs.map(nameOf);
    const origin = { format: 'tflite', op: operator.op, name: outputNames[0] ?? operator.op } as const;
    if (++this.#count > LIMITS.nodes) throw nodeError(origin, `is one of more than ${LIMITS.nodes} operators; that is the limit`);
    try {
      const outputs = operator.outputs.map((index) => tensorOf(index) as TfliteTensor);
      const inputs = operator.inputs.map(tensorOf);
      for (const [place, index] of operator.inputs.entries()) if (index >= 0) this.#require(nameOf(index), inputs[place] as TfliteTensor);
      const inputNames = operator.inputs.map((index) => (index >= 0 ? nameOf(index) : ''));
      const made = constantsMade(operator.op, this.#constants.get(inputNames[0] ?? ''), inputs[0], outputNames[0] ?? '');
      if (made !== undefined) {
        this.#constants.set(made);
        return;
      }
      const isTaken = operator.outputs.map((index) => taken.has(index));
      const keep = (index: number, value: TypedValue) => this.#keep(inputNames[index] ?? '', value, origin);
      const held = (_: number, value: TypedValue) => value;
      const isConstant = inputNames.map((name) => this.#constants.has(name));
      const given = {
        inputNames: this.#constants.withFloatWeights(inputNames, inputs, outputs),
        inputs,
        outputs,
        isConstant,
        isTaken,
        keep,
        held,
      };
      const enter = (index: number, values: readonly ReadTensor[]) => this.#readInner(index, values);
      const callOf = (tensors: OperatorTensors) => new Call(operator, tensors, enter, origin, this.#builder, this.#tensors);
      const withInputs: WithInputs = (values, states) => callOf({ ...this.#withInputs(given, values, origin), ...states });
      this.#declare(outputNames, outputs, imported(callOf(given), withInputs), origin);
    } catch (thrown) {
      // The arithmetic of sizes refuses numbers that are too large, and expressions that are too long.
      if (thrown instanceof CannotExpress || thrown instanceof RangeError) throw nodeError(origin, thrown.message);
      throw thrown;
    }
  }

  /** Reads a subgraph that an operator names. */
  #readInner(index: number, given: readonly ReadTensor[]): readonly ReadTensor[] {
    const subgraph = this.#model.subgraphs[index];
    if (subgraph === undefined) throw cannotExpress(`names graph ${index}; there are ${this.#model.subgraphs.length}`);
    if (this.#depth >= MAX_CALLS) throw cannotExpress(`has graphs more than ${MAX_CALLS} deep in each other`);
    this.#references += referencesOf(subgraph);
    if (this.#references > LIMITS.tensorReferences)
      throw cannotExpress(`leads to more than ${LIMITS.tensorReferences} uses of tensors, calls and loops unrolled; that is the limit`);
    this.#depth++;
    try {
      return this.readSubgraph(subgraph, given);
    } finally {
      this.#depth--;
    }
  }

  /** The tensors of an operator with other values as inputs. They and quantised outputs are described as floats. */
  #withInputs(given: OperatorTensors, values: Parameters<WithInputs>[0], origin: Origin): OperatorTensors {
    const inputNames = [...given.inputNames];
    for (const [place, value] of values) {
      const own = inputNames[place] as string;
      if (value === 'constant') {
        inputNames[place] = this.#constants.floatsOf(own, given.inputs[place] as TfliteTensor);
        continue;
      }
      const name = this.#names.take(`${own}/floats`);
      this.#tensors.set(name, value, origin);
      inputNames[place] = name;
    }
    const asFloats = (tensor: TfliteTensor): TfliteTensor => ({ ...tensor, elementType: FLOAT32, quantization: undefined });
    return {
      ...given,
      inputNames,
      inputs: given.inputs.map((tensor, place) => tensor && (values.has(place) ? asFloats(tensor) : tensor)),
      outputs: given.outputs.map((tensor) => (isQuantized(tensor) ? asFloats(tensor) : tensor)),
    };
  }

  /** Adds a tensor that an operator takes, if it is a constant that none has taken before. */
  #require(name: string, tensor: TfliteTensor): void {
    if (this.#tensors.has(name)) return;
    if (tensor.isVariable) {
      this.#addVariable(name, tensor);
      return;
    }
    if (tensor.bytes === undefined) throw cannotExpress(`takes "${name}", which is not made before it`);
    this.#constants.set(constantOfTensor(tensor, tensor.bytes, name));
  }

  /** Makes an input of a tensor that keeps its elements. */
  #addVariable(name: string, tensor: TfliteTensor): void {
    const dataType = dataTypeOf(tensor.elementType);
    const shape = tensor.shape.flatMap((size) => (size === null ? [] : [size]));
    if (this.#depth > 0 || dataType === undefined || shape.length < tensor.shape.length)
      throw cannotExpress(`takes "${name}", which keeps its elements from call to call in a way that Pannier does not read`);
    this.#variables.set(name, tensor);
    this.#tensors.set(name, this.#builder.input(nameAt(name, 'A tensor that keeps its elements'), { dataType, shape }));
  }

  /** Gives a variable other elements. */
  #keep(name: string, value: TypedValue, origin: Origin): void {
    if (!this.#variables.has(name)) throw nodeError(origin, `changes "${name}", which does not keep its elements`);
    this.#tensors.set(name, value, origin);
  }

  #declare(names: readonly string[], tensors: readonly TfliteTensor[], made: readonly ReadTensor[], origin: Origin): void {
    for (const [index, name] of names.entries()) {
      const output = made[index];
      if (output === undefined) throw nodeError(origin, `has the output "${name}", which Pannier does not compute`);
      if (!('sizes' in output)) checkElements(output, origin);
      const dataType = dataTypeOf((tensors[index] as TfliteTensor).elementType);
      const isOther = !('sizes' in output) && dataType !== undefined && output.type.dataType !== dataType;
      const declared = isOther ? this.#builder.op('cast', [output], { to: dataType }, origin) : output;
      this.#tensors.set(name, declared, origin);
      if (!('sizes' in declared) && !this.#tensorNames.has(declared.name)) this.#tensorNames.set(declared.name, name);
    }
  }
}

/** Refuses a result that is larger than a constant may be. Open sizes count as 1. */
function checkElements({ type }: TypedValue, origin: Origin): void {
  const elements = sizeOf(type.shape.map((size) => (isOpen(size) ? 1 : size)));
  if (elements > LIMITS.elements) throw nodeError(origin, `makes ${elements} elements; the limit is ${LIMITS.elements}`);
}

function imported(call: Call, withInputs: WithInputs): readonly ReadTensor[] {
  const sizes = foldedSizes(call);
  if (sizes !== undefined) return sizes;
  const importer = Object.hasOwn(IMPORTERS, call.op) ? IMPORTERS[call.op] : undefined;
  if (isOfQuantized(call)) return readQuantized(call, importer, withInputs);
  if (importer === undefined)
    throw cannotExpress(
      'is an operator that Pannier does not read; docs/formats.md lists those that it reads, and an export as .onnx may do without it',
    );
  return listOfTensors(importer(call));
}
