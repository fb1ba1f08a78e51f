/**
 * The tfjs engine: TF.js's graph model on a TF.js backend that was started in this thread. TF.js has one active backend
 * at a time, so that every step goes through the queue of the thread and makes its own backend the active one.
 */
import { GraphModel } from '@tensorflow/tfjs-converter';
import { engine, env, setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../base/backend-name.js';
import { DTYPES, type OwnedArray, WIDE_DTYPES, type WideDType, widened } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { isAllFinite } from '../../base/finite.js';
import { now } from '../../base/timing.js';
import { pictureTensor } from '../../preprocess/pixels.js';
import type { Call, Engine, RawOutput, RunResult, Session } from '../engine.js';
import { failedAs, orFailed } from '../failed-as.js';
import type { DecodedWeight } from './decode.js';
import { type NamedNodes, readGraph } from './graph-file.js';
import { enqueue } from './realm.js';
import type { Failure, StartedBackend } from './started-backend.js';

/** Puts the engine on a backend that was started in this thread. */
export function createEngine(backend: BackendName, started: StartedBackend): Engine {
  const sessions = new Set<TfjsSession>();
  /** Weights of models whose graphs are not built yet. */
  const uploads = new Set<Uploaded>();
  // A page's address can set flags (`?tfjsflags=`), and this one would download every tensor.
  env().set('DEBUG', false);
  let disposed = false;
  return {
    backend,
    name: 'tfjs',
    maxBufferBytes: started.maxBufferBytes,
    identity: started.identity,
    get isLost() {
      return started.failure() !== undefined;
    },
    whenLost: new Promise((resolve) => {
      // A device that is destroyed by `dispose` reports a loss, too.
      void started.whenFailed.then((failure) => disposed || resolve(lossOf(backend, failure)));
    }),
    async open({ weights, ...model }) {
      const uploaded: Uploaded = {};
      uploads.add(uploaded);
      const step = <T>(work: () => T): Promise<T> =>
        enqueue(async () => {
          if (disposed) throw new PannierError('disposed', `The ${backend} engine was disposed before model "${model.name}" was open.`);
          await activate(backend);
          return orFailed(`The graph of model "${model.name}" could not be opened`, work);
        });
      try {
        const { file, nodes, decoder } = await step(() => readGraph(model.graph));
        for await (const shard of weights) await step(() => upload(decoder.add(shard), uploaded));
        return await step(() => {
          upload(decoder.end(), uploaded);
          const graph = buildGraph(model.name, file, uploaded);
          const session = new TfjsSession(graph, nodes, model.controlFlow, backend, started, () => sessions.delete(session));
          sessions.add(session);
          return session;
        });
      } catch (thrown) {
        await enqueue(() => free(uploaded));
        throw thrown;
      } finally {
        uploads.delete(uploaded);
      }
    },
    dispose() {
      disposed = true;
      for (const session of sessions) session.dispose();
      void enqueue(() => {
        for (const uploaded of uploads) free(uploaded);
        started.dispose();
      });
    },
  };
}

const lossOf = (backend: BackendName, { code, reason }: Failure) => new PannierError(code, `The ${backend} backend failed: ${reason}`);

/** Runs `step` in the queue of the thread, with `backend` active. */
const enqueueOn = <T>(backend: BackendName, step: () => T | Promise<T>): Promise<T> =>
  enqueue(async () => {
    await activate(backend);
    return step();
  });

async function activate(backend: BackendName): Promise<void> {
  if (engine().backendName !== backend && !(await setBackend(backend)))
    throw new PannierError('backend-unavailable', `TF.js could not make ${backend} its active backend again.`);
}

class TfjsSession implements Session {
  readonly #model: GraphModel;
  readonly #weightIds: ReadonlySet<number>;
  readonly #nodes: NamedNodes;
  readonly #controlFlow: boolean;
  readonly #backend: BackendName;
  readonly #started: StartedBackend;
  readonly #seenRuns = new Set<string>();
  readonly #onDispose: () => void;
  #disposed = false;

  constructor(
    graph: GraphModel,
    nodes: NamedNodes,
    controlFlow: boolean,
    backend: BackendName,
    started: StartedBackend,
    onDispose: () => void,
  ) {
    this.#nodes = nodes;
    this.#controlFlow = controlFlow;
    this.#backend = backend;
    this.#started = started;
    this.#onDispose = onDispose;
    this.#model = graph;
    this.#weightIds = new Set(weightsOf(this.#model).map(({ id }) => id));
  }

  get lost(): PannierError | undefined {
    const failure = this.#started.failure();
    return failure && lossOf(this.#backend, failure);
  }

  async run(call: Call): Promise<RunResult> {
    this.#ensureUsable();
    return enqueueOn(this.#backend, () => {
      this.#ensureUsable();
      return this.#controlFlow ? watched(call.deadlineMs, () => this.#run(call)) : this.#run(call);
    });
  }

  #ensureUsable(): void {
    if (this.#disposed) throw new PannierError('disposed', 'The session was disposed before its turn came.');
    this.#ensureWhole();
  }

  #ensureWhole(): void {
    const { lost } = this;
    if (lost !== undefined) throw lost;
  }

  async #run({ feeds, outputs }: Call): Promise<RunResult> {
    const startMs = now();
    const alive: Tensor[] = [];
    try {
      const settled = feeds.map((feed) => ({ ...feed, values: feed.kind === 'tensor' ? feed.data : pictureTensor(feed) }));
      const preparedMs = now();
      const inputs: Record<string, Tensor> = {};
      for (const { name, dtype, shape, values } of settled) {
        const wide = widened(dtype);
        // TF.js knows no Int8Array.
        const input = tensor(wide === dtype ? values : Int32Array.from(values), [...shape], wide);
        alive.push(input);
        inputs[nodeOf(this.#nodes.inputs, name)] = input;
      }
      const nodes = outputs.map((name) => nodeOf(this.#nodes.outputs, name));
      const kind = [...feeds.map(({ shape }) => shape.join('x')), ...outputs].join();
      const cold = !this.#seenRuns.has(kind);
      // Which nodes of a graph with control flow run depends on values, so that it cannot be compiled beforehand.
      if (cold && !this.#controlFlow) await this.#started.compile?.(() => this.#dispose(this.#execute(inputs, nodes), alive));
      const tensors = this.#controlFlow ? await this.#executeAsync(inputs, nodes) : this.#execute(inputs, nodes);
      alive.push(...tensors);
      const computedMs = now();
      const reading = Promise.all(tensors.map((output, index) => this.#read(output, outputs[index] as string)));
      // The confirmation is requested after the reads and awaited with them: without it, the values may be zeros.
      const [read] = await Promise.all([reading, this.#started.confirm()]);
      this.#ensureWhole();
      const readMs = now();
      this.#seenRuns.add(kind);
      // On webgpu `execute` only encodes commands; the work is awaited by the first read.
      const apart = this.#backend !== 'webgpu';
      return {
        outputs: read,
        prepareMs: preparedMs - startMs,
        computeMs: (apart ? computedMs : readMs) - preparedMs,
        readMs: apart ? readMs - computedMs : undefined,
        cold,
      };
    } catch (thrown) {
      await this.#started.examine(thrown);
      this.#ensureWhole();
      throw failedAs(thrown, `Running the graph on ${this.#backend} failed`);
    } finally {
      this.#dispose(alive);
    }
  }

  // TF.js returns the nodes in the order in which they are asked for, duplicates and weights included. If none is
  // asked for, it returns the first of none, which is undefined.
  #execute(inputs: Record<string, Tensor>, nodes: readonly string[]): Tensor[] {
    return nodes.length === 0 ? [] : [this.#model.execute(inputs, [...nodes])].flat();
  }

  async #executeAsync(inputs: Record<string, Tensor>, nodes: readonly string[]): Promise<Tensor[]> {
    return nodes.length === 0 ? [] : [await this.#model.executeAsync(inputs, [...nodes])].flat();
  }

  /** Frees tensors that are neither weights nor in `kept`. */
  #dispose(tensors: readonly Tensor[], kept: readonly Tensor[] = []): void {
    for (const each of tensors) if (!this.#weightIds.has(each.id) && !kept.includes(each)) each.dispose();
  }

  async #read(output: Tensor, name: string): Promise<RawOutput> {
    if (!Object.hasOwn(WIDE_DTYPES, output.dtype))
      throw new PannierError('predict', `An output is a ${output.dtype} tensor; Pannier reads ${Object.keys(WIDE_DTYPES).join(', ')}.`);
    const wide = output.dtype as WideDType;
    const { dtypes = {} } = this.#nodes;
    const dtype = (Object.hasOwn(dtypes, name) && dtypes[name]) || wide;
    const values = (await output.data()) as OwnedArray;
    // wasm copies out of its heap; cpu and webgpu may return the array that holds a weight.
    const own = this.#backend === 'wasm' ? values : values.slice();
    // On webgpu, a slice of no elements has a plain array (4.22).
    const data = own.length === 0 || dtype !== wide ? DTYPES[dtype].from(own) : own;
    const read = { dtype, shape: output.shape.slice(), data };
    return { ...read, finite: isAllFinite(read) };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose();
    // Enqueued, so that a run that has begun keeps its weights until it ends.
    void enqueue(() => this.#model.dispose());
  }
}

/**
 * Runs a graph with control flow. TF.js frees the tensors of such a run, but not if the run fails: so they are recorded
 * and freed here. TF.js reads a loop's condition before every round, which is where a loop past its deadline is ended:
 * on cpu and wasm a loop leaves no gap in which a timer could fire.
 */
async function watched<T>(deadlineMs: number, run: () => Promise<T>): Promise<T> {
  const realm = engine();
  const { backend, trackTensor } = realm;
  const { read } = backend;
  const endMs = now() + deadlineMs;
  const made: Tensor[] = [];
  realm.trackTensor = (each, owner) => {
    made.push(each);
    trackTensor.call(realm, each, owner);
  };
  backend.read = (dataId) => {
    if (now() > endMs) throw new PannierError('timeout', `A loop in the graph ran longer than ${deadlineMs} ms.`, { limitMs: deadlineMs });
    return read.call(backend, dataId);
  };
  try {
    return await run();
  } catch (thrown) {
    for (const each of made) each.dispose();
    throw thrown;
  } finally {
    backend.read = read;
    realm.trackTensor = trackTensor;
  }
}

/** Weights on a backend, by name. */
type Uploaded = Record<string, Tensor>;

function upload(decoded: Iterable<DecodedWeight>, to: Uploaded): void {
  for (const { spec, values } of decoded) to[spec.name] = tensor(values, [...spec.shape], spec.dtype);
}

function free(uploaded: Uploaded): void {
  for (const each of Object.values(uploaded)) each.dispose();
}

function buildGraph(name: string, file: unknown, weights: Uploaded): GraphModel {
  const model = new GraphModel(name);
  // Private in the types only: `load` would decode the weights itself, and keep their bytes for life.
  (model as unknown as { loadWithWeightMap(file: unknown, weights: unknown): void }).loadWithWeightMap(file, weights);
  return model;
}

function nodeOf(nodes: NamedNodes['inputs'], name: string): string {
  const node = Object.hasOwn(nodes, name) ? nodes[name] : undefined;
  if (node === undefined) throw new PannierError('predict', `The model was opened without an input or output "${name}".`);
  return node;
}

const weightsOf = (model: GraphModel): Tensor[] => Object.values(model.weights).flat();
