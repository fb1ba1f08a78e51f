/** Puts the weights of a model into its module's memory while shards come. */
import { sizeOf } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { decodeInto, storedBytes } from '../../graph/constant.js';
import { isFloat } from '../../graph/element-type.js';
import type { LoadedModule } from './load-module.js';
import type { PlannedWeight } from './plan.js';

/** A weight some of whose bytes are here. */
interface Begun {
  readonly weight: PlannedWeight;
  readonly stored: Uint8Array;
}

/** Takes shards in order, and keeps no reference to them. */
export class WeightLoader {
  readonly #module: LoadedModule;
  /** The place of the first weight none of whose bytes are here. */
  #next = 0;
  #begun: readonly Begun[] = [];
  /** Bytes of all shards so far. */
  #bytes = 0;

  constructor(module: LoadedModule) {
    this.#module = module;
  }

  /** Lays out the weights that this shard completes. */
  add(shard: ArrayBuffer): void {
    const { weights } = this.#module.plan;
    const first = this.#bytes;
    this.#bytes += shard.byteLength;
    const begun = [...this.#begun];
    for (let weight = weights[this.#next]; weight !== undefined && weight.offset < this.#bytes; weight = weights[++this.#next]) {
      const bytes = bytesOf(weight);
      const isInShard = weight.offset + bytes <= this.#bytes;
      if (isInShard) layOut(this.#module, weight, new Uint8Array(shard, weight.offset - first, bytes));
      else begun.push({ weight, stored: new Uint8Array(bytes) });
    }
    this.#begun = begun.filter(({ weight, stored }) => {
      const from = Math.max(first, weight.offset);
      const to = Math.min(this.#bytes, weight.offset + stored.length);
      stored.set(new Uint8Array(shard, from - first, to - from), from - weight.offset);
      const isWhole = to === weight.offset + stored.length;
      if (isWhole) layOut(this.#module, weight, stored);
      return !isWhole;
    });
  }

  /** @throws {PannierError} `predict` if the shards ended before the weights did */
  end(): void {
    const { weights } = this.#module.plan;
    const missing = this.#begun[0]?.weight ?? weights[this.#next];
    if (missing === undefined) return;
    const wanted = missing.offset + bytesOf(missing);
    throw new PannierError('predict', `The shards end at byte ${this.#bytes}, but a weight ends at ${wanted}. Pack the model again.`);
  }
}

const bytesOf = ({ dataType, shape, storage }: PlannedWeight): number => storedBytes(dataType, shape, storage);

/** Decodes a weight into its places; blocks are made from a copy in the arena's memory, which no run uses yet. */
function layOut({ plan, exports }: LoadedModule, weight: PlannedWeight, bytes: Uint8Array): void {
  const { dataType, shape, storage, placements } = weight;
  const plain = placements.find(({ kind }) => kind === 'plain')?.address ?? plan.arenaAddress;
  const elements = new (isFloat(dataType) ? Float32Array : Int32Array)(exports.memory.buffer, plain, sizeOf(shape));
  decodeInto(elements, { value: { name: '', type: { dataType, shape } }, bytes, storage });
  for (const placement of placements) {
    if (placement.kind === 'plain') continue;
    const { fromElement, rows, columns, rowStride, columnStride, width, address, blockBytes } = placement;
    exports.interleave(plain + 4 * fromElement, rows, columns, 4 * rowStride, 4 * columnStride, width, address, blockBytes);
  }
}
