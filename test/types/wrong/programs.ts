/** Programs that must not compile. What the compiler says of each is kept in a snapshot: people read it. */
import { loadModel, PannierError } from 'pannier';
import { boxes, keypoints, topK } from 'pannier/read';
import { openInference } from 'pannier/remote';
import { fakeModel } from 'pannier/testing';
import petsSource from '../models/pets.js';
import pricesSource from '../models/prices.js';
import textSource from '../models/text.js';

const pets = await loadModel(petsSource);
const prices = await loadModel(pricesSource);
const text = await loadModel(textSource);
const features = { rooms: 3, area: 120, city: 'Bern' } as const;
const houses = [{ rooms: 3, area: 120, city: 'Bern' }];

// An input that is missing.
await prices.predict({});
// An input that is misspelt.
await prices.predict({ feature: features });
// Another array class.
await prices.predict({ features: new Float64Array(3) });
// A plain array.
await prices.predict({ features: [3, 120, 1972] });
// A category that the model does not know.
await prices.predict({ features: { rooms: 3, area: 120, city: 'Genf' } });
// A column that is missing.
await prices.predict({ features: { rooms: 3, area: 120 } });
// A column that the model does not have.
await prices.predict({ features: { rooms: 3, area: 120, city: 'Bern', year: 1972 } });
// A text where a number is wanted.
await prices.predict({ features: { rooms: '3', area: 120, city: 'Bern' } });
// A batch with a category that the model does not know.
await prices.predict({ features: [{ rooms: 4, area: 90, city: 'Genf' }] });
// A batch with a column missing.
await prices.predict({ features: [{ rooms: 3, city: 'Bern' }] });
// Rows whose city could be anything.
await prices.predict({ features: houses });
// A picture where the model takes no pictures.
await prices.predict({ features: new Image() });
// A shape that does not fit.
await prices.predict({ features: { data: new Float32Array(5), shape: [1, 4] } });
// Two sizes are open, and none is said.
await text.predict({ tokens: new Int32Array(6) });
// An address instead of a picture.
await pets.predict({ photo: 'cat.jpg' });
// An output that is not there.
(await prices.predict({ features })).outputs.prices;
// An output that was not asked for.
(await prices.predict({ features }, { outputs: ['band'] })).outputs.price;
// Asking for an output that is not there.
await prices.predict({ features }, { outputs: ['nope'] });
// An array of another class to write into.
await prices.predict({ features }, { into: { band: new Float32Array(1) } });
// An option that is misspelt.
await prices.predict({ features }, { abort: new AbortController().signal });
// A label that the model does not have.
topK((await pets.predict({ photo: new Image() })).outputs.scores)[0]?.label === 'hamster';
// A backend that is misspelt.
await loadModel(petsSource, { backend: 'webgl' });
// A load option that is misspelt.
await loadModel(petsSource, { progress: console.log });
// A fallback that leaves an output out.
await loadModel(pricesSource, { fallback: async () => ({ price: [1] }) });
// A fallback whose output is misspelt.
await loadModel(pricesSource, { fallback: async () => ({ price: [1], bands: [1] }) });
// A fallback whose output is no array.
await loadModel(pricesSource, { fallback: async () => ({ price: 1, band: [1] }) });
// A fallback that does not wait.
await loadModel(pricesSource, { fallback: () => ({ price: [1], band: [1] }) });
// A fallback that takes what the model does not.
await loadModel(pricesSource, { fallback: async ({ feature }) => ({ price: feature, band: [1] }) });
// A server's address instead of a fallback.
await loadModel(pricesSource, { fallback: 'https://inference.example' });
// An option of a server that is misspelt.
openInference('/inference', { names: { price: 'OUTPUT__0' } });
// The address of a model instead of the model.
await loadModel('./models/pets/model.js');
// A model that is not loaded yet.
await loadModel(petsSource).predict({ photo: new Image() });
// A property that cannot be set.
pets.disposed = true;
// An output without names where names are wanted.
const name: string = topK((await prices.predict({ features })).outputs.price)[0]!.label;
// A column that is misspelt.
boxes((await prices.predict({ features })).outputs.price, { columns: ['x', 'y'] });
// A keypoint that has no such name.
keypoints((await prices.predict({ features })).outputs.price, { columns: ['x', 'y'], names: ['nose'] })[0]?.name === 'ear';
// An error code that does not exist.
new PannierError('predict', '').code === 'oom';
// Frames of something that is no video.
for await (const each of pets.predictEach(new Image())) console.log(each);
// A fake output that the model does not have.
fakeModel(pricesSource, { outputs: { prices: [1] } });
// A fake output that is no array of numbers.
fakeModel(pricesSource, { outputs: { price: '1' } });
// A fake failure that does not exist.
fakeModel(pricesSource, { fail: 'oom' });
// A fake model is predicted with as the real one.
await fakeModel(pricesSource).predict({ feature: features });

export { name };
