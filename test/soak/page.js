/** What the page of a soak does: predicts of pictures by number, each answer held against what is right for its own. */

const [{ default: source }, { loadModel }] = await Promise.all(['/model/model.js', '/dist/index.js'].map((url) => import(url)));
const [[input, { shape }]] = Object.entries(source.signature.inputs);
const [output] = Object.keys(source.signature.outputs);
const length = shape.reduce((product, size) => product * (size ?? 1), 1);

/** From 0 to 1, by Park and Miller's minimal standard generator. */
function picture(number) {
  let state = 1_000 * (number + 1);
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return { [input]: { data: Float32Array.from({ length }, next), shape: shape.map((size) => size ?? 1) } };
}

/** The cpu backend's answers to so many pictures. */
export async function reference(pictures) {
  const model = await loadModel(source, { backend: 'cpu' });
  const answers = [];
  for (let number = 0; number < pictures; number++) answers.push([...(await model.predict(picture(number))).outputs[output].data]);
  model.dispose();
  return answers;
}

/**
 * Keeps so many predicts in flight until the model has noticed its loss, and each of them has come round once more.
 * @returns what became of every predict, in order: `right`, `wrong`, `hung`, or the code of its error
 */
export async function work({ inFlight, right, tolerance, hungMs, limitMs }) {
  const model = await begun;
  const answers = [];
  const untilMs = Date.now() + limitMs;
  let calls = 0;
  const isBack = () => model.notes.some(({ code }) => code === 'reopened');
  const ask = async () => {
    const number = calls++ % right.length;
    let timer;
    const hung = new Promise((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'hung' }), hungMs);
    });
    const predicting = model.predict(picture(number)).then(
      ({ outputs, backend }) => {
        const isRight = [...outputs[output].data].every((value, index) => Math.abs(value - right[number][index]) <= tolerance);
        return { kind: isRight ? 'right' : 'wrong', backend };
      },
      (error) => ({ kind: error.name === 'PannierError' ? error.code : `untyped ${error.name}: ${error.message}` }),
    );
    const answer = await Promise.race([predicting, hung]);
    clearTimeout(timer);
    answers.push({ ...answer, isLater: isBack(), atMs: Date.now() });
  };
  const lane = async () => {
    while (!isBack() && Date.now() < untilMs) await ask();
    await ask();
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return answers;
}

let begun;

/** Loads the model where the GPU can crash, and waits until it has answered. */
export async function begin() {
  begun = loadModel(source, { backend: ['webgpu', 'wasm'] });
  const model = await begun;
  const { backend } = await model.predict(picture(0));
  return backend;
}
