/** The right side: the outputs, each drawn as guessed or chosen. */
import type { ImageMapping, Tensor, ValueKind } from '../../src/index.js';
import { draw, short } from './drawings.js';
import { choice, labelled, make, textBox } from './element.js';
import type { DrawingKind } from './guess.js';
import { nameRow } from './inputs-panel.js';
import { labelsOf } from './pack-request.js';
import { nameOf } from './packed-model.js';
import type { Change, Panel } from './panel.js';
import { type OutputState, problemOf, type State, shapeLabel } from './state.js';

export function outputsPanel(state: State, change: Change): Panel {
  const old = make('p', { className: 'soft', role: 'status', hidden: true }, 'These are of the last input that was good.');
  const cards = state.outputs.map((output) => outputCard(state, output, change));
  const element = make(
    'section',
    { className: 'panel', ariaLabel: 'Outputs' },
    make('h2', {}, 'Outputs'),
    old,
    ...cards.map((card) => card.element),
  );
  return {
    element,
    render() {
      const isOld = state.prediction !== undefined && problemOf(state) !== '';
      old.hidden = !isOld;
      element.classList.toggle('old', isOld);
      for (const card of cards) card.render();
    },
  };
}

const KINDS: Readonly<Record<DrawingKind, string>> = {
  classes: 'classes, the best first',
  boxes: 'boxes on the picture',
  keypoints: 'points on the picture',
  mask: 'a mask on the picture',
  heat: 'a heat map',
  table: 'a table of numbers',
};

function outputCard(state: State, output: OutputState, change: Change): Panel {
  const { face } = output;
  const isFixed = state.about.kind === 'folder';
  const error = make('p', { className: 'error', role: 'alert', hidden: true });
  const range = make('p', { className: 'soft' });
  const drawing = make('div', { className: 'drawing' });
  const settings = make('div', { className: 'settings' });
  const kind = choice(KINDS, output.kind, (value) => {
    Object.assign(output, { kind: value, isChosen: true });
    change('asked');
  });
  const head = nameRow(output, '', 'Output', isFixed, change);
  const spec = head.querySelector('code') as HTMLElement;
  const element = make(
    'article',
    { className: 'card', data: { node: face.node } },
    head,
    error,
    labelled('Draw it as', kind),
    drawing,
    range,
    settings,
  );
  let shown: DrawingKind | undefined;
  let last: unknown[] = [];
  return {
    element,
    render() {
      const tensor = tensorOf(state, face.node);
      spec.textContent = tensor === undefined ? shapeLabel(face.shape) : `${tensor.dtype} ${shapeLabel(tensor.shape)}`;
      kind.value = output.kind;
      if (shown !== output.kind) settings.replaceChildren(...controls(state, output, tensor, change));
      shown = output.kind;
      error.textContent = output.error;
      error.hidden = output.error === '';
      // An output is redrawn only if it changed, so that a table keeps its scroll position.
      const { face: _, error: __, ...said } = output;
      const made = [state.prediction, JSON.stringify(said)];
      if (made.every((each, index) => each === last[index])) return;
      last = made;
      range.textContent = tensor === undefined ? '' : rangeText(tensor);
      const wasOpen = drawing.querySelector('details')?.open === true;
      drawing.replaceChildren();
      if (tensor === undefined) return;
      try {
        drawing.append(drawn(state, output, tensor));
        const list = drawing.querySelector('details');
        if (list !== null) list.open = wasOpen;
      } catch (thrown) {
        drawing.append(make('p', { className: 'error', role: 'alert' }, (thrown as Error).message));
      }
    },
  };
}

/** Cards by node, because names may change. */
export function tensorOf({ packed, prediction }: State, node: string): Tensor | undefined {
  const name = nameOf(packed?.nodes.outputs, node);
  return name === undefined ? undefined : prediction?.outputs[name];
}

function drawn(state: State, output: OutputState, tensor: Tensor): HTMLElement {
  const { inputs, packed, prediction } = state;
  const pictured = inputs.find(({ bitmap, picture }) => bitmap !== undefined && picture !== undefined);
  const name = nameOf(packed?.nodes.inputs, pictured?.face.node);
  const images = prediction?.images as Readonly<Record<string, ImageMapping>> | undefined;
  return draw({
    tensor,
    settings: output,
    labels: labelsOf(output.labels),
    scores: output.scores === '' ? undefined : tensorOf(state, output.scores),
    bitmap: pictured?.bitmap,
    image: name === undefined ? undefined : images?.[name],
  });
}

function controls(state: State, output: OutputState, tensor: Tensor | undefined, change: Change): HTMLElement[] {
  const chosen = (what: 'drawn' | 'asked' = 'drawn') => {
    output.isChosen = true;
    change(what);
  };
  const columns = (words: string) =>
    labelled(
      'What a row’s values are',
      textBox(output.columns, (text) => {
        output.columns = text;
        chosen();
      }),
      `Of ${words}; - skips one.`,
    );
  const normalized = make('input', { type: 'checkbox', checked: output.normalized });
  normalized.addEventListener('change', () => {
    output.normalized = normalized.checked;
    chosen();
  });
  const scaled = make('label', { className: 'check' }, normalized, make('span', {}, 'Places are 0 … 1 of the picture'));
  const number = (key: 'minScore' | 'row' | 'channel' | 'threshold', label: string, step: string, hint?: string) => {
    const box = make('input', { type: 'number', step, min: '0', value: String(output[key] ?? '') });
    box.addEventListener('input', () => {
      if (key === 'threshold') output.threshold = box.value === '' ? undefined : Number(box.value);
      else output[key] = Number(box.value);
      chosen();
    });
    return labelled(label, box, hint);
  };
  const labels = (label: string, what: 'drawn' | 'asked') => {
    const area = make('textarea', { rows: 3, spellcheck: false, value: output.labels });
    area.addEventListener('input', () => {
      output.labels = area.value;
      chosen();
    });
    if (what === 'asked') area.addEventListener('change', () => chosen('asked'));
    return labelled(label, area, 'One a line, in the model’s order.');
  };
  const channels = tensor?.shape.at(-1) ?? 1;
  const channel = channels > 1 && (tensor?.shape.length ?? 0) > 2 ? [number('channel', 'Channel', '1', `Of ${channels}, from 0.`)] : [];
  switch (output.kind) {
    case 'classes': {
      const kinds: Record<ValueKind, string> = { probabilities: 'probabilities', logits: 'logits' };
      const values = choice(kinds, output.values, (value) => {
        output.values = value;
        chosen('asked');
      });
      return [labelled('Values are', values), labels('Labels', 'asked')];
    }
    case 'boxes': {
      const others = state.outputs.filter((other) => other !== output).map(({ face, name }) => [face.node, name]);
      const scores = choice(Object.fromEntries([['', 'in the rows'], ...others]), output.scores, (value) => {
        output.scores = value;
        chosen();
      });
      return [
        columns('x0 y0 x1 y1 cx cy w h score class'),
        labelled('Scores are', scores),
        number('minScore', 'Lowest score', '0.05'),
        scaled,
        labels('Labels', 'drawn'),
      ];
    }
    case 'keypoints':
      return [
        columns('x y z score'),
        ...(isSeveral(tensor) ? [number('row', 'Which one of several', '1', 'From 0.')] : []),
        scaled,
        labels('Names', 'drawn'),
      ];
    case 'mask':
      return [...channel, number('threshold', 'Threshold', '0.05', 'Empty: values are opacities.')];
    case 'heat':
      return channel;
    case 'table':
      return [];
  }
}

/** Whether there may be points of more than one person. */
const isSeveral = (tensor: Tensor | undefined): boolean => (tensor?.shape ?? []).filter((size) => size !== 1).length > 2;

function rangeText({ data }: Tensor): string {
  let [min, max, odd] = [Infinity, -Infinity, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) odd++;
    else [min, max] = [Math.min(min, value), Math.max(max, value)];
  }
  if (min > max) return `${data.length} values, none of them finite`;
  const broken = odd === 0 ? '' : `, ${odd} not finite`;
  return `${data.length} value${data.length === 1 ? '' : 's'}, ${min === max ? `all ${short(min)}` : `${short(min)} to ${short(max)}`}${broken}`;
}
