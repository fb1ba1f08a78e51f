/** Files as Keras and Teachable Machine write them: HDF5 whose addresses lead elsewhere or in circles, archives that lie about sizes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { type Hdf5Object, openHdf5 } from '../../../src/formats/hdf5/file.js';
import { readVariable } from '../../../src/formats/keras/variables.js';
import { readModel } from '../../../src/pack/model/read.js';
import { savedAsH5, savedAsKeras } from '../../fixtures/keras-saved.js';
import { LAYERS_MODELS } from '../../fixtures/layers-models.js';
import { AUDIO_METADATA, teachableAudio, teachableZip } from '../../fixtures/teachable-machine.js';
import { folderOf } from '../folder.js';
import { stained } from '../mutation.js';
import { refusableInOneLine, surface } from '../surface.js';

const folder = folderOf('saved-files');

/** A few numbers of 8 bytes that become others of the file, or ones at which code breaks: addresses, sizes and offsets are such numbers. */
interface Rewiring {
  readonly at: number;
  readonly other: number;
  readonly edge: bigint | undefined;
}

const EDGES = [0n, 1n, 8n, 96n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 2n];

const rewirings = fc.array(
  fc.record<Rewiring>({
    at: fc.nat(),
    other: fc.nat(),
    edge: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...EDGES) }),
  }),
  { maxLength: 3 },
);

/** The places of numbers that may be addresses in these bytes. */
function addressesIn(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const places: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 1) {
    const value = view.getBigUint64(at, true);
    if ((value >= 48n && value < BigInt(bytes.length)) || value === 2n ** 64n - 1n) places.push(at);
  }
  return places;
}

function rewired(bytes: Uint8Array, places: readonly number[], list: readonly Rewiring[]): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const placeOf = (index: number): number => places[index % places.length] as number;
  for (const { at, other, edge } of list)
    if (placeOf(at) + 8 <= bytes.length && placeOf(other) + 8 <= bytes.length)
      view.setBigUint64(placeOf(at), edge ?? view.getBigUint64(placeOf(other), true), true);
  return bytes;
}

/** Good bytes, with addresses exchanged and stained. */
const damaged = (files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> => {
  const known = files.map((bytes) => ({ bytes, places: addressesIn(bytes) }));
  const changed = fc.tuple(fc.constantFrom(...known), rewirings).map(([{ bytes, places }, list]) => rewired(bytes.slice(), places, list));
  const both = fc.oneof(
    changed,
    stained(changed, (bytes) => bytes, 2).map(({ bytes }) => bytes),
  );
  return fc.oneof({ weight: 30, arbitrary: both }, { weight: 1, arbitrary: fc.constantFrom(...files) });
};

const maxBytes = (bytes: Uint8Array): number => 10 * bytes.length + 256 * 2 ** 20;

/** The forms of h5py: groups and attributes in trees and heaps of both versions, filters. */
const FORMS = ['old', 'new'].map((name) => new Uint8Array(readFileSync(`test/fixtures/hdf5/${name}.h5`)));

/** Reads all that a file has. An object that is reached on two ways is read twice, three levels deep. */
function readAll(object: Hdf5Object, depth: number): void {
  for (const name of ['text', 'list', 'attribute_3']) object.attribute(name);
  // Its filter is one that is refused.
  if (object.path === 'numbers/unknown') return;
  if (object.isDataset) readVariable(object, 'x');
  else if (depth > 0) for (const child of object.children()) readAll(child, depth - 1);
}

export const hdf5 = surface({
  name: 'hdf5',
  share: 40,
  inputs: damaged(FORMS),
  maxBytes,
  feed: (bytes) => refusableInOneLine(() => readAll(openHdf5(bytes, 'a.h5'), 3)),
});

const MODELS = ['a dense classifier', 'two inputs, two outputs, a shared layer', 'a signal'].map((name) => LAYERS_MODELS[name]!().model);
const h5s = [await savedAsH5(MODELS[0]!), await savedAsH5(MODELS[1]!, { gzip: true })];
const archives = [await savedAsKeras(MODELS[2]!), await savedAsKeras(MODELS[1]!, { gzip: true })];

/** An archive whose config is 2 MB of spaces, in two kilobytes. */
const bomb = zipSync({ 'config.json': new Uint8Array(2 ** 21).fill(32), 'model.weights.h5': FORMS[0]! }, { level: 9 });

/** Reads bytes as a file, as `pannier pack` does. */
const readAs = (name: string) => {
  const path = join(folder, name);
  return (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    return refusableInOneLine(() => readModel(path));
  };
};

export const kerasFiles = surface({
  name: 'keras-files',
  share: 40,
  inputs: damaged([...h5s, ...archives, bomb]),
  maxBytes,
  feed: readAs('model'),
});

const zips = [await teachableZip(), await teachableZip(teachableAudio(), AUDIO_METADATA, 'audio/')];

export const teachableZips = surface({ name: 'teachable-zip', share: 20, inputs: damaged(zips), maxBytes, feed: readAs('model.zip') });
