/** The config and the program to copy, which always match what the page shows. */
import { readColumnRows } from './column-rows.js';
import { configText } from './config-text.js';
import { make } from './element.js';
import { labelsOf } from './pack-request.js';
import type { Panel } from './panel.js';
import { type ProgramInput, programText } from './program-text.js';
import { readRows } from './rows.js';
import { type InputState, problemOf, type State } from './state.js';

export function copyPanel(state: State): Panel {
  const program = copyBox('program', 'The program', 'src/main.ts', 'after npx pannier pack, which writes the folder that it imports');
  const config = copyBox('config', 'The config', 'pannier.config.mjs', 'beside package.json; its paths start there');
  const isFile = state.about.kind === 'file';
  const packed = make(
    'p',
    { className: 'soft' },
    'This folder is packed: names and preprocessing are those of the config that packed it. Try its model.json to change them.',
  );
  const element = make(
    'section',
    { className: 'panel', ariaLabel: 'Take it with you' },
    make('h2', {}, 'Take it with you'),
    make('div', { className: 'boxes' }, isFile ? config.element : packed, program.element),
  );
  return {
    element,
    render() {
      const problem = problemOf(state);
      const refusal = state.isRefused ? `Not to be copied yet: ${problem || 'the packer has not seen it.'}` : '';
      if (isFile) config.show(() => configText(state), refusal);
      const hasBadInput = state.inputs.some(({ error }) => error !== '');
      program.show(() => programOf(state), hasBadInput ? `Not to be copied yet: ${problem}` : refusal);
    },
  };
}

function programOf({ name, inputs, outputs, prediction }: State): string {
  const answers = Object.values(prediction?.outputs ?? {});
  return programText({
    name,
    inputs: inputs.map(inputOf),
    outputs: outputs.map((output) => ({
      name: output.name,
      drawing: output,
      scores: outputs.find(({ face }) => face.node === output.scores)?.name,
      labels: labelsOf(output.labels),
    })),
    allowsNonFinite: answers.some(({ data }) => data.some((value) => !Number.isFinite(value))),
  });
}

function inputOf({ face, name, picture, rows, rowsOf }: InputState): ProgramInput {
  const { dtype, shape } = face;
  if (picture !== undefined) return { name, dtype };
  if (rowsOf !== undefined) {
    try {
      return { name, dtype, rows: readColumnRows(rows, rowsOf) };
    } catch {
      return { name, dtype, rows: [] };
    }
  }
  const isShaped = shape === null || shape.filter((size) => size === null).length > 1;
  try {
    return { name, dtype, values: { ...readRows(rows, dtype, shape), isShaped } };
  } catch {
    // The card says what is wrong with the rows; the program still shows some.
    const sizes = (shape ?? [1]).map((size) => size ?? 1);
    return { name, dtype, values: { data: new Float32Array(sizes.reduce((product, size) => product * size, 1)), shape: sizes, isShaped } };
  }
}

function copyBox(id: string, title: string, file: string, hint: string) {
  const text = make('pre', { id, tabIndex: 0, ariaLabel: title });
  const button = make('button', { type: 'button', className: 'button', ariaLabel: `Copy ${title.toLowerCase()}` }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      // Without a clipboard the text is selected, so that copying takes one key.
      getSelection()?.selectAllChildren(text);
      button.textContent = 'Press Ctrl-C';
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2_000);
  });
  const head = make(
    'header',
    { className: 'named' },
    make('div', {}, make('h3', {}, file), make('p', { className: 'soft' }, hint)),
    button,
  );
  const why = make('p', { className: 'error', role: 'status', hidden: true });
  return {
    element: make('article', { className: 'card copy' }, head, why, text),
    /** @param refusal the reason why the text must not be copied, if any */
    show(source: () => string, refusal: string) {
      try {
        text.textContent = source();
        why.textContent = refusal;
      } catch (thrown) {
        // The last valid text stays visible.
        why.textContent = `Not to be copied yet: ${(thrown as Error).message}`;
      }
      why.hidden = why.textContent === '';
      button.disabled = !why.hidden;
    },
  };
}
