/** Times of calls become rows; rows become a table and means. */
import { commit } from '../../scripts/machine.mjs';
import { barChart } from '../chart.mjs';
import { interval, median } from '../statistics.mjs';
import { oursOf, RIVALS, TITLES } from './libraries.mjs';
import { MODELS, PAIRS } from './models.mjs';

/**
 * How far answers of the same weights may be from each other, as a share of the largest one. Most are within 1e-5; a mask of blazepose
 * is the sigmoid of sums that reach hundreds, whose last digits differ.
 */
const MAX_DIFFERENCE = 1e-2;

/** And those of the file for TF.js: another converter has rounded its weights. */
const MAX_DIFFERENCE_OF_TWIN = 5e-2;

/** @param measured the page's answer @throws if a library answers otherwise, or no round counts */
export function rowOf(name, { flops, calls, differences, times, kept, thrown, peakGflops }) {
  for (const [library, { most }] of Object.entries(differences)) {
    const limit = library === 'tfjs' ? MAX_DIFFERENCE_OF_TWIN : MAX_DIFFERENCE;
    if (!(most <= limit)) throw new Error(`${name}: the answers of ${library} are off by ${most} of the largest; the limit is ${limit}.`);
  }
  if (kept === 0)
    throw new Error(`${name}: no round of ${thrown} counts, since other programs keep the processor busy. Try again at rest.`);
  const ms = Object.fromEntries(
    Object.entries(times).map(([library, blocks]) => [library, { least: Math.min(...blocks.flat()), median: median(blocks.flat()) }]),
  );
  const ours = oursOf(times);
  const ratios = Object.fromEntries(RIVALS.filter((rival) => rival in times).map((rival) => [rival, ratioOf(times[rival], times[ours])]));
  const gflops = flops / 1e6 / ms[ours].least;
  return { name, commit: commit(), mflop: flops / 1e6, ms, ratios, gflops, peakGflops, calls, rounds: { kept, thrown }, differences };
}

/** A rival's time over ours, from the fastest calls of both blocks of a round. */
function ratioOf(rival, ours) {
  const ratios = rival.map((block, round) => Math.min(...block) / Math.min(...ours[round]));
  return { median: median(ratios), interval: interval(ratios) };
}

/** Geometric means of the ratios, over the seven pairs and over all models that a rival runs; with how many these are. */
export function meansOf(rows) {
  const over = (names) =>
    Object.fromEntries(
      RIVALS.flatMap((rival) => {
        const ratios = rows.filter(({ name }) => names.includes(name)).flatMap(({ ratios: all }) => all[rival]?.median ?? []);
        if (ratios.length === 0) return [];
        const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
        return [[rival, { mean, models: ratios.length }]];
      }),
    );
  return { pairs: over(PAIRS), all: over(rows.map(({ name }) => name)) };
}

/** The rows as a table of Markdown: milliseconds as least / median, and what a rival takes for each of ours. */
export function tableOf(rows) {
  const libraries = Object.keys(TITLES).filter((library) => rows.some(({ ms }) => library in ms));
  const head = [
    'model',
    'MFLOP',
    ...libraries.map((library) => TITLES[library]),
    ...RIVALS.map((rival) => `${TITLES[rival]} ÷ Pannier`),
    'GFLOP/s of peak',
    'rounds, thrown away',
  ];
  const cells = rows.map(({ name, mflop, ms, ratios, gflops, peakGflops, rounds }) => [
    name,
    mflop.toFixed(mflop < 10 ? 1 : 0),
    ...libraries.map((library) => (library in ms ? `${shown(ms[library].least)} / ${shown(ms[library].median)}` : '')),
    ...RIVALS.map((rival) => (rival in ratios ? ratioText(ratios[rival]) : '')),
    `${gflops.toFixed(1)} of ${peakGflops.toFixed(1)}`,
    `${rounds.kept}, ${rounds.thrown}`,
  ]);
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const shown = (ms) => ms.toFixed(ms < 0.1 ? 4 : ms < 10 ? 2 : 1);

const ratioText = ({ median: middle, interval: [low, high] }) => `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;

/** Pictures of the ratios, by the names of their files: files of TensorFlow Lite with graphs of TF.js, and files of ONNX. */
export function chartsOf(rows) {
  const chart = (title, isShown) => {
    const shown = rows.filter(({ name }) => isShown(MODELS[name].files));
    const { all } = meansOf(shown);
    const means = Object.fromEntries(Object.entries(all).map(([rival, { mean }]) => [rival, { median: mean }]));
    return barChart({
      title,
      lines: [
        'How many times as long as Pannier’s compiled module',
        'a prediction takes on WebAssembly, one thread each;',
        'the line in a bar is the 95 % interval.',
      ],
      series: RIVALS.map((key, colour) => ({ key, title: TITLES[key], colour })).filter(({ key }) => key in means),
      rows: [...shown.map(({ name, ratios }) => ({ name, bars: ratios })), { name: 'geometric mean of each colour', bars: means }],
    });
  };
  return {
    'graphs.svg': chart('Files of TensorFlow Lite, and graphs of TF.js', ({ onnxruntime }) => onnxruntime === undefined),
    'onnx.svg': chart('Files of ONNX', ({ onnxruntime }) => onnxruntime !== undefined),
  };
}
