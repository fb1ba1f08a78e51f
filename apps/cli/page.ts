/**
 * Functions that run inside of the page. Playwright carries each one there as source text, so it may use
 * its argument and the browser, and nothing of this file but types.
 */

import type { Model, Prediction } from '../../src/api/model.js';
import type { LoadOptions, ThreadName } from '../../src/api/options.js';
import type { BackendName, ServingBackend } from '../../src/base/backend-name.js';
import type { DType } from '../../src/base/dtype.js';
import type { ErrorCode, ErrorDetail } from '../../src/base/errors.js';
import type { Timing } from '../../src/base/timing.js';
import type { AnyInputs, AnyOutputs } from '../../src/manifest/signature.js';
import type { InputNeed } from './inputs.js';

/** A failure in the page, as plain values, because classes do not leave it. */
export interface PageError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: ErrorDetail;
}

export type Answer<T> = { readonly value: T } | { readonly error: PageError };

/** The task of the page. */
export interface PageTask {
  readonly feeds: readonly {
    readonly name: string;
    readonly url: string;
    readonly kind: 'picture' | 'rows' | 'values';
    /** For an input of values. */
    readonly dtype?: DType;
    readonly shape?: readonly number[] | undefined;
  }[];
  readonly options: Pick<LoadOptions, 'thread' | 'deadlineMs' | 'backendDeadlineMs'> & { readonly backend: 'auto' | BackendName[] };
  readonly runs: number;
  /** Instead of `runs` where webgpu runs in software; undefined: no difference. */
  readonly softwareRuns: number | undefined;
  /** After so long no further call begins, whatever `runs` says; the first one always does. */
  readonly enoughMs: number;
  /** Most values to print of an output; -1 for all. */
  readonly most: number;
  /** Whether to call `pannierStatus` along the way. */
  readonly tellStatus: boolean;
}

/** One output, of the first call. */
export interface PageOutput {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The first of them; NaN and infinities are null. */
  readonly data: readonly (number | null)[];
  /** Number of values. */
  readonly size: number;
  /** Over the finite values; null if there is none. */
  readonly min: number | null;
  readonly max: number | null;
  /** How many are NaN or infinite. */
  readonly nonFinite: number;
  /** The best classes of an output that has labels. */
  readonly top?: readonly { readonly label: string; readonly index: number; readonly score: number }[];
}

export interface PageImage {
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** `[a, b, c, d, e, f]` as a canvas takes them: from model space to pixels of the picture. */
  readonly toSource: readonly number[];
}

/** The findings, in the order in which they are printed. */
export interface Report extends Pick<Model, 'name' | 'version' | 'selection' | 'loadTiming' | 'notes'> {
  readonly backend: ServingBackend;
  readonly thread: ThreadName;
  readonly outputs: Readonly<Record<string, PageOutput>>;
  readonly images: Readonly<Record<string, PageImage>>;
  /** Timing of the median call, among warm calls if there are any. */
  readonly timing: Timing;
  readonly stats: ReturnType<Model['stats']>;
  readonly runs: number;
}

/** The model's inputs, read without loading it. */
export async function readNeeds(): Promise<Answer<InputNeed[]>> {
  try {
    const { default: source } = await import(`${location.origin}/model/model.js`);
    const inputs = Object.entries(
      (source?.signature?.inputs ?? {}) as Record<
        string,
        { dtype: DType; shape: number[] | null; image?: object; columns?: { name: string }[] }
      >,
    );
    return {
      value: inputs.map(([name, { dtype, shape, image, columns }]) => ({
        ...{ name, dtype, shape, isPicture: image !== undefined },
        columns: columns?.map((column) => column.name),
      })),
    };
  } catch (thrown) {
    return {
      error: { code: 'manifest', message: `The packed model's model.js cannot be imported: ${(thrown as Error).message}`, detail: {} },
    };
  }
}

/** Loads the model and runs it; JSON text, since a hundred thousand numbers would take long to cross one by one. */
export async function predictInPage(task: PageTask): Promise<string> {
  type Page = { pannierStatus?(text: string): void };
  let toldAtMs = -Infinity;
  const tell = (text: string) => {
    if (!task.tellStatus || performance.now() - toldAtMs < 200) return;
    toldAtMs = performance.now();
    (globalThis as Page).pannierStatus?.(text);
  };
  const describe = ({ dtype, shape, data }: AnyOutputs[string]): PageOutput => {
    let [min, max, nonFinite] = [Infinity, -Infinity, 0];
    for (const value of data) {
      if (!Number.isFinite(value)) nonFinite++;
      else [min, max] = [Math.min(min, value), Math.max(max, value)];
    }
    const first = [...(task.most < 0 ? data : data.subarray(0, task.most))];
    const none = nonFinite === data.length;
    return { dtype, shape, data: first, size: data.length, min: none ? null : min, max: none ? null : max, nonFinite };
  };
  try {
    const { default: source } = await import(`${location.origin}/model/model.js`);
    const { loadModel } = await import(`${location.origin}/dist/index.js`);
    const { topK } = await import(`${location.origin}/dist/read.js`);
    const inputs: Record<string, AnyInputs[string]> = {};
    for (const { name, url, kind, dtype, shape } of task.feeds) {
      const response = await fetch(url);
      if (kind === 'rows') inputs[name] = await response.json();
      if (kind === 'picture') inputs[name] = await response.blob();
      if (dtype === undefined) continue;
      const data = new { float32: Float32Array, int32: Int32Array, bool: Uint8Array, uint8: Uint8Array, int8: Int8Array }[dtype](
        await response.arrayBuffer(),
      );
      inputs[name] = shape === undefined ? data : { data, shape };
    }

    const onProgress: LoadOptions['onProgress'] = ({ fraction }) => tell(`Loading the model: ${Math.floor(fraction * 100)} %`);
    const model: Model = await loadModel(source, { ...task.options, nonFinite: 'allow', onProgress });
    const timings: Timing[] = [];
    const endMs = performance.now() + task.enoughMs;
    const call = async (run: number, runs: number): Promise<Prediction> => {
      tell(`Call ${run} of ${runs} on ${model.backend}`);
      const prediction = await model.predict(inputs);
      timings.push(prediction.timing);
      return prediction;
    };
    const { outputs, images } = await call(1, task.runs);
    // The other calls run where an app's will.
    tell('Measuring which backend is fastest');
    await model.finishedSelection();
    const runs = model.backend === 'webgpu' ? (task.softwareRuns ?? task.runs) : task.runs;
    for (let run = 2; run <= runs && performance.now() < endMs; run++) await call(run, runs);

    const shown: Record<string, PageOutput> = {};
    for (const [name, output] of Object.entries(outputs)) {
      shown[name] = { ...describe(output), ...(output.labels !== undefined && { top: topK(output, { k: 5 }) }) };
    }
    const mapped: Record<string, PageImage> = {};
    for (const [name, { width, height, sourceWidth, sourceHeight, toSource }] of Object.entries(images)) {
      const [zero, right, down] = [toSource(0, 0), toSource(1, 0), toSource(0, 1)];
      const matrix = [right.x - zero.x, right.y - zero.y, down.x - zero.x, down.y - zero.y, zero.x, zero.y];
      mapped[name] = { width, height, sourceWidth, sourceHeight, toSource: matrix };
    }
    // The first call may have run where the trial has left.
    const there = timings.filter(({ backend }) => backend === model.backend);
    const warm = there.filter(({ cold }) => !cold);
    const sorted = (warm.length > 0 ? warm : timings).sort((one, other) => one.totalMs - other.totalMs);
    const { name, version, backend, thread, selection, loadTiming, notes } = model;
    const report: Report = {
      ...{ name, version, backend, thread, selection, outputs: shown, images: mapped },
      ...{ timing: sorted[Math.ceil(sorted.length / 2) - 1] as Timing, stats: model.stats(), loadTiming, notes, runs: timings.length },
    };
    model.dispose();
    return JSON.stringify({ value: report } satisfies Answer<Report>);
  } catch (thrown) {
    const { code = 'predict', message, detail = {} } = thrown as Partial<PageError>;
    return JSON.stringify({ error: { code, message: message ?? String(thrown), detail } } satisfies Answer<Report>);
  }
}
