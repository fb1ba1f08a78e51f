/** Classes of layers without a rule, and how a model with one can be packed all the same. Other classes are not Keras's own. */

/** Why a class has no rule, and what to do instead of its layer. */
export interface Refusal {
  /** The end of the sentence `Layer "x" (Lambda) is not taken …`. */
  readonly why: string;
  /** The next step; default: the layer is taken out, or the model converted to a graph. */
  readonly next?: string;
}

/** Tables of texts stay outside the graph, since tensors hold numbers. */
const OF_TEXTS: Refusal = {
  why: 'because it reads texts, and tensors hold numbers',
  next: 'Compute its numbers in the app, and build the model from the layer behind it: keras.Model(next_layer.input, model.outputs).',
};

/** Code of another framework, of which a Keras file holds the name alone. */
const outside = (framework: string): Refusal => ({
  why: `because it runs code of ${framework}, which is not in the file`,
  next: `Export that part from ${framework} itself, to ONNX or to a TF.js graph model, or write it as layers.`,
});

const volumes = (what: string): Refusal => ({ why: `because no op of our graph ${what} volumes` });

const ABSTRACT: Refusal = {
  why: 'because it is a class that others are made from, and says nothing of what to compute',
  next: 'Write the layer as layers that Keras has, or convert the Keras model to a graph: tensorflowjs_converter --output_format=tfjs_graph_model takes any layer.',
};

const OF_CUDA: Refusal = {
  why: 'because its weights are laid out for one GPU library',
  next: 'Load the model in Python, copy the weights into LSTM or GRU (reset_after=True), and save it again.',
};

/** The refusal of a layer that changes pictures by their own values. */
const ofPictures = (why: string): Refusal => ({ why, next: 'Do that to the picture in the app, before predict, and take the layer out.' });

const OF_TENSORFLOW: Refusal = { why: 'because it calls TensorFlow by a name that no rule reads' };

const MODEL: Refusal = {
  why: 'because a model inside a wrapper has no rule',
  next: 'Call the model by itself, with the steps as examples (Reshape), or wrap its layers one by one.',
};

/** The refused classes of Keras 2 and Keras 3, and of the operators that Keras 2 puts between layers. */
export const REFUSALS: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  ['Lambda', { why: 'because its code is not in the file' }],
  ['Masking', { why: 'because masks are not computed', next: 'Give sequences without steps to skip, and take the layer out.' }],
  ...['StringLookup', 'TextVectorization', 'Hashing', 'HashedCrossing'].map((kind) => [kind, OF_TEXTS] as const),
  ['DenseFeatures', { ...OF_TEXTS, why: 'because it reads columns of features by name' }],
  ['DynamicLookup', { ...OF_TEXTS, why: 'because its table changes while it runs' }],
  ['DynamicEmbedding', { ...OF_TEXTS, why: 'because its table changes while it runs' }],
  ['TFSMLayer', outside('TensorFlow')],
  ['JaxLayer', outside('JAX')],
  ['FlaxLayer', outside('Flax')],
  ['TorchModuleWrapper', outside('PyTorch')],
  ['ModuleWrapper', outside('TensorFlow')],
  ['Conv3DTranspose', volumes('spreads windows over')],
  ['ConvLSTM1D', { why: 'because a cell that convolves has no rule' }],
  ['ConvLSTM2D', { why: 'because a cell that convolves has no rule' }],
  ['ConvLSTM3D', volumes('convolves')],
  ['LocallyConnected1D', { why: 'because each of its places has a filter of its own' }],
  ['LocallyConnected2D', { why: 'because each of its places has a filter of its own' }],
  ['CuDNNLSTM', OF_CUDA],
  ['CuDNNGRU', OF_CUDA],
  ['AutoContrast', ofPictures('because no rule stretches a picture by its own values')],
  ['ContrastLimitedAdaptiveHistogramEqualization', ofPictures('because no rule counts the values of a picture')],
  [
    'MelSpectrogram',
    {
      why: 'because it compares its values with the loudest one of the whole batch',
      next: 'Compute the spectrogram in the app, and build the model from the layer behind it: keras.Model(next_layer.input, model.outputs).',
    },
  ],
  ['MaxNumBoundingBoxes', ofPictures('because it takes boxes beside pictures')],
  [
    'Pipeline',
    { why: 'because layers in a pipeline have no rule', next: 'Call its layers one after the other, and save the model again.' },
  ],
  ...['Layer', 'Wrapper', 'AbstractRNNCell', 'PreprocessingLayer', 'InputSpec'].map((kind) => [kind, ABSTRACT] as const),
  ...['TensorFlowOpLayer', 'SlicingOpLambda', 'ClassMethod', 'InstanceMethod', 'InstanceProperty'].map(
    (kind) => [kind, OF_TENSORFLOW] as const,
  ),
  ...['Model', 'Functional', 'Sequential'].map((kind) => [kind, MODEL] as const),
]);
