/** The engines that will run a packed model: their own files, and the reasons of those that cannot. */
import { messageOf, PannierError } from '../base/errors.js';
import { compileModel, type Sizes } from '../engines/compiled/compile-model.js';
import type { Build } from '../engines/compiled/kernels/kernel.js';
import type { Asset, Refused, Targets } from '../manifest/assets.js';
import type { StoredGolden } from './golden/golden.js';
import { type NamedSample, refusalOnWasm, type WrittenModel } from './golden/hold-wasm.js';
import type { GraphFiles } from './out/graph-files.js';
import { hashedFile, type PackedFile } from './out/shards.js';

/** What a visitor's engine opens. */
export interface ModelTargets {
  readonly targets: Targets;
  /** The engines' own files, of which a visitor downloads one. */
  readonly files: readonly PackedFile[];
  readonly warnings: readonly string[];
}

/** What is known of a model when its engines are looked for. */
interface ModelToRun {
  /** Choices of open sizes, each of which the module computes. */
  readonly sizes: readonly Sizes[];
  readonly model: WrittenModel;
  readonly files: GraphFiles;
  readonly golden: StoredGolden;
  /** By backend, the kernels that TF.js lacks there. */
  readonly lacking: Refused;
}

/**
 * Compiles the model and holds it to its golden samples. A model that is not compiled runs on TF.js's wasm backend, which is held to
 * the golden batch alone: TF.js has kernels that are right for one row and wrong for several.
 * @param begin hears what is done
 * @param locate the asset in a manifest of a file
 */
export async function findTargets(
  { sizes, model, files, golden, lacking }: ModelToRun,
  begin: (step: string) => void,
  locate: (file: PackedFile) => Asset,
): Promise<ModelTargets> {
  const { tfjs } = files;
  const batch: readonly NamedSample[] = golden.batch === undefined ? [] : [{ name: 'a batch of three', sample: golden.batch }];
  begin('compiling the model');
  const compiled = compileBuilds(files, sizes);
  if (!('refused' in compiled)) {
    begin('running the golden samples in the compiled model');
    const [first, second] = golden.samples;
    const samples = [{ name: 'the first golden sample', sample: first }, { name: 'the second golden sample', sample: second }, ...batch];
    const refusal = await refusalOnWasm('compiled', compiled.simd, model, samples, golden.bytes);
    if (refusal === undefined) {
      const { simd, relaxed } = compiled;
      const targets = {
        compiled: { simd: locate(simd), relaxed: locate(relaxed), refused: {} },
        tfjs: { graph: locate(tfjs), refused: lacking },
      };
      return { targets, files: [simd, relaxed, tfjs], warnings: [] };
    }
    const other = await findTfjs(refusal);
    return { ...other, warnings: [`The model is not compiled, since ${refusal}. Please report it.`, ...other.warnings] };
  }
  return findTfjs(compiled.refused);

  async function findTfjs(refusal: string): Promise<ModelTargets> {
    const isHeld = lacking.wasm === undefined && batch.length > 0;
    if (isHeld) begin('running the golden batch on wasm');
    const wrong = isHeld ? await refusalOnWasm('tfjs', tfjs, model, batch, golden.bytes) : undefined;
    const refused = { ...lacking, ...(wrong !== undefined && { wasm: wrong }) };
    return {
      targets: { compiled: { refused: { wasm: refusal } }, tfjs: { graph: locate(tfjs), refused } },
      files: [tfjs],
      warnings: wrong === undefined ? [] : [`The backend wasm will not run the model, since ${wrong}.`],
    };
  }
}

function compileBuilds(
  { toCompile }: GraphFiles,
  sizes: readonly Sizes[],
): Readonly<Record<Build, PackedFile>> | { readonly refused: string } {
  const fileOf = (build: Build) => hashedFile('compiled', 'wasm', compileModel(toCompile, build, {}, sizes).bytes);
  try {
    return { simd: fileOf('simd'), relaxed: fileOf('relaxed') };
  } catch (thrown) {
    if (thrown instanceof PannierError) return { refused: messageOf(thrown) };
    throw thrown;
  }
}
