/** Packs what the page says, loads it and predicts, one step at a time. Changes made meanwhile are handled next. */
import { type AnyInputs, loadModel, type Model, type ModelSource, PannierError } from '../../src/index.js';
import { readColumnRows } from './column-rows.js';
import { guessDrawing, type Seen } from './guess.js';
import { packRequest } from './pack-request.js';
import { importPacked } from './packed-model.js';
import { readRows } from './rows.js';
import { showSeen } from './seen.js';
import type { InputState, OutputState, Packed, State } from './state.js';
import type { PackAnswer } from './wire.js';

/** A software GPU takes minutes. */
const BACKEND_DEADLINE_MS = 120_000;

export class Session {
  readonly #state: State;
  readonly #render: () => void;
  #turning: Promise<void> | undefined;
  #again = false;
  /** The options with which the running model was packed and loaded. */
  #made = '';
  #packed: Packed | undefined;
  #model: Model | undefined;

  constructor(state: State, render: () => void) {
    this.#state = state;
    this.#render = render;
  }

  /** Updates the packed model and the prediction to the page's state. */
  settle(): Promise<void> {
    this.#again = true;
    this.#turning ??= this.#turn().finally(() => {
      this.#turning = undefined;
    });
    return this.#turning;
  }

  /** Predicts a few more times, for representative timings. */
  async repeat(times: number): Promise<void> {
    await this.settle();
    for (let run = 1; run < times && this.#state.error === '' && !this.#again; run++) await this.#predict();
  }

  async #turn(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#step();
        this.#state.error = '';
      } catch (thrown) {
        this.#place(thrown);
      }
      this.#render();
    }
  }

  async #step(): Promise<void> {
    const { about, backend } = this.#state;
    for (const each of [...this.#state.inputs, ...this.#state.outputs]) each.error = '';
    this.#state.isRefused = true;
    const request = about.kind === 'file' ? JSON.stringify(packRequest(this.#state)) : '';
    if (this.#made !== request + backend) {
      // The previous answer stays visible until there is a new one.
      const packed = await this.#pack(request);
      this.#state.isRefused = false;
      const model = await this.#load(packed.manifest);
      this.#model?.dispose();
      this.#model = model;
      this.#packed = packed;
      this.#made = request + backend;
    }
    this.#state.isRefused = false;
    await this.#predict();
  }

  async #pack(request: string): Promise<Packed> {
    const { about } = this.#state;
    if (about.kind === 'folder') {
      return { ...(await importPacked(about.url)), warnings: [], bytes: undefined };
    }
    this.#tell('Packing');
    const response = await fetch('/pack', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: request });
    if (!response.ok) throw new Error(`The packer answered ${response.status}. Is pannier try still running in its terminal?`);
    const answer = (await response.json()) as PackAnswer;
    if ('error' in answer) throw new PannierError(answer.error.code, answer.error.message);
    const { url, warnings, bytes } = answer;
    return { ...(await importPacked(url)), warnings, bytes };
  }

  async #load(source: ModelSource): Promise<Model> {
    const { about, backend } = this.#state;
    this.#tell('Loading');
    const model = await loadModel(source, {
      backend: backend === 'auto' ? about.backend : backend,
      backendDeadlineMs: BACKEND_DEADLINE_MS,
      // `try` keeps nothing in the browser's storage.
      cache: null,
      // The error says how many there are.
      nonFinite: 'allow',
      onProgress: ({ fraction }) => this.#tell(fraction < 1 ? `Loading: ${Math.floor(fraction * 100)} %` : 'Starting the backend'),
    });
    const { loadTiming, selection, notes } = model;
    this.#state.loaded = { loadTiming, selection, notes };
    return model;
  }

  async #predict(): Promise<void> {
    const model = this.#model as Model;
    const { manifest, nodes } = this.#packed as Packed;
    const given: Record<string, AnyInputs[string]> = {};
    for (const [name, spec] of Object.entries(manifest.signature.inputs)) {
      const input = this.#state.inputs.find(({ face }) => face.node === nodes.inputs[name]) as InputState;
      if (spec.image === undefined) {
        try {
          input.rowsOf = spec.columns;
          given[name] =
            spec.columns === undefined ? readRows(input.rows, spec.dtype, spec.shape) : readColumnRows(input.rows, spec.columns);
        } catch (thrown) {
          input.error = (thrown as Error).message;
        }
      } else if (input.bitmap !== undefined) {
        given[name] = input.bitmap;
        input.seen = await showSeen(name, spec, input.bitmap);
      } else input.error ||= 'Drop a picture here, paste one or choose a file.';
    }
    if (this.#state.inputs.some(({ error }) => error !== '')) return this.#tell('Waiting for its inputs');
    this.#tell('Predicting');
    const prediction = await model.predict(given);
    const { warnings } = this.#packed as Packed;
    const rest = new Set(warnings);
    for (const input of this.#state.inputs) {
      const said = warnings.filter((warning) => speaksOf(warning, 'input', input));
      input.warnings = said.map(inPageWords);
      for (const warning of said) rest.delete(warning);
    }
    this.#state.packed = { ...(this.#packed as Packed), warnings: [...rest] };
    this.#state.prediction = prediction;
    this.#state.stats = model.stats();
    this.#guess();
    this.#tell(`${prediction.timing.totalMs.toFixed(1)} ms on ${prediction.backend}`);
  }

  /** Once per output. */
  #guess(): void {
    const { outputs, inputs, prediction, packed } = this.#state;
    const all = Object.entries(packed?.nodes.outputs ?? {}).flatMap(([name, node]): Seen[] => {
      const tensor = prediction?.outputs[name];
      return tensor === undefined ? [] : [{ node, tensor }];
    });
    const hasPicture = inputs.some(({ bitmap }) => bitmap !== undefined);
    for (const output of outputs) {
      const seen = all.find(({ node }) => node === output.face.node);
      if (seen !== undefined && !output.isChosen) Object.assign(output, guessDrawing(seen, { all, hasPicture }), { isChosen: true });
    }
  }

  #tell(status: string): void {
    this.#state.status = status;
    this.#render();
  }

  /** Shows a message beside the input or output that it names. */
  #place(thrown: unknown): void {
    const message = thrown instanceof PannierError ? `${thrown.message}` : String((thrown as Error)?.message ?? thrown);
    const { inputs, outputs } = this.#state;
    const place = inputs.find((each) => speaksOf(message, 'input', each)) ?? outputs.find((each) => speaksOf(message, 'output', each));
    if (place === undefined) this.#state.error = message;
    else place.error = message;
    this.#state.status = '';
    if (thrown instanceof PannierError && thrown.code === 'backend-unavailable') {
      const { selection = [] } = thrown.detail as { selection?: Model['selection'] };
      this.#state.loaded = { loadTiming: undefined, selection, notes: [] };
      this.#state.prediction = undefined;
    }
  }
}

/** Replaces flags that the packer's advice names by the page's controls. */
const inPageWords = (warning: string): string =>
  warning.replace(/ Say what training used: .*$/, ' Choose what training used under Values.');

/** Whether a message of the packer or of a load names this input or output. */
function speaksOf(message: string, side: 'input' | 'output', { face, name }: InputState | OutputState): boolean {
  const isNode = [face.node, `${face.node}:0`].some((node) => message.includes(`${side}s["${node}"]`));
  return isNode || message.toLowerCase().includes(`${side} "${name.toLowerCase()}"`);
}
