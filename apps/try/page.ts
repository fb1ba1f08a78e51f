/** The page of `pannier try`: reads what there is to try, builds the panels, and updates them with the state. */
import { copyPanel } from './copy-panel.js';
import { byId, labelled, make, textBox } from './element.js';
import { fillRandomly, inputsPanel } from './inputs-panel.js';
import { layersPanel } from './layers-panel.js';
import { outputsPanel } from './outputs-panel.js';
import { importPacked } from './packed-model.js';
import type { Change } from './panel.js';
import { takePicture, takeSample } from './picture-controls.js';
import { runPanel } from './run-panel.js';
import { Session } from './session.js';
import { type State, startState } from './state.js';
import type { About } from './wire.js';

async function readState(): Promise<State> {
  const about = (await (await fetch('/about.json')).json()) as About;
  if (about.kind === 'file') return startState(about, about.name, about.inputs, about.outputs);
  const { manifest, nodes } = await importPacked(about.url);
  const { inputs, outputs } = manifest.signature;
  const nodeOf = (side: keyof typeof nodes, name: string) => nodes[side][name] as string;
  return startState(
    about,
    manifest.name,
    Object.entries(inputs).map(([name, spec]) => ({ name, ...spec, node: nodeOf('inputs', name) })),
    Object.entries(outputs).map(([name, spec]) => ({ name, ...spec, node: nodeOf('outputs', name) })),
  );
}

async function begin(): Promise<void> {
  const state = await readState();
  const render = () => {
    for (const panel of panels) panel.render();
    byId('status').textContent = state.status;
    byId('error').textContent = state.error;
    byId('error').hidden = state.error === '';
    document.title = `${state.name} · pannier try`;
  };
  const session = new Session(state, render);
  const change: Change = (what) => {
    render();
    if (what === 'asked') void session.settle();
  };
  const top = [inputsPanel(state, change), outputsPanel(state, change)] as const;
  const below = [
    runPanel(
      state,
      () => void session.settle(),
      (times) => void session.repeat(times),
    ),
    layersPanel(state),
    copyPanel(state),
  ];
  const panels = [...top, ...below];
  byId('model').textContent = state.about.model;
  byId('name').replaceChildren(nameBox(state, change));
  byId('panels').replaceChildren(
    make('div', { className: 'sides' }, ...top.map(({ element }) => element)),
    ...below.map(({ element }) => element),
  );

  document.addEventListener('paste', (event) => {
    const file = event.clipboardData?.files[0];
    const input = state.inputs.find(({ picture }) => picture !== undefined);
    if (file === undefined || input === undefined) return;
    event.preventDefault();
    void takePicture(input, file, file.name).then(() => change(input.error === '' ? 'asked' : 'drawn'));
  });
  // A file dropped beside a drop zone would make the browser navigate to it.
  for (const type of ['dragover', 'drop']) document.addEventListener(type, (event) => event.preventDefault());

  // The first run starts at once, so that the page shows something.
  for (const [index, input] of state.inputs.entries()) {
    if (input.picture === undefined) fillRandomly(input, index + 1);
    else await takeSample(input);
  }
  render();
  await session.settle();
}

function nameBox(state: State, change: Change): HTMLElement {
  const onText = (text: string, finished: boolean) => {
    state.name = text;
    change(finished ? 'asked' : 'drawn');
  };
  return labelled('Model name', textBox(state.name, onText, { className: 'name', readOnly: state.about.kind === 'folder' }));
}

begin().catch((thrown: unknown) => {
  byId('error').hidden = false;
  byId('error').textContent = thrown instanceof Error ? thrown.message : String(thrown);
});
