/** The values that files of ONNX are fed: pictures with text in them, a photograph, noise. The same values go to both runtimes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { randomFrom } from '../../fixtures/random.mjs';

const SEED = 1;

const LINES = ['PANNIER CAFE', 'Espresso 2.80', 'Apple pie 4.50', 'Total 7.30', 'Thank you, come again'];

/** A tilted sheet with lines of text on a table, as a camera sees it; planar, blue first, from -1 to 1. */
export const page = (width, height) => async (browser) => planar(await drawn(browser, width, height, LINES, 0.04));

/** One line of text that fills the picture; planar, blue first, from -1 to 1. */
export const line = (width, height, text) => async (browser) => planar(await drawn(browser, width, height, [text], 0));

/** The photograph in `test/fixtures`, shrunk to a square by its nearest pixels; channels last, from -1 to 1. */
export const photograph = (side) => () => {
  const data = Float32Array.from(shrunken(side, side), signed);
  return { dtype: 'float32', shape: [1, side, side, 3], data };
};

/** The bytes of the photograph in `test/fixtures`, shrunk by its nearest pixels; channels last. */
export function shrunken(width, height) {
  const picture = PNG.sync.read(readFileSync(fileURLToPath(new URL('../../fixtures/astronaut.png', import.meta.url))));
  const bytes = new Uint8Array(width * height * 3);
  for (let index = 0; index < bytes.length; index++) {
    const pixel = Math.floor(index / 3);
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const from = Math.floor(((row + 0.5) * picture.height) / height) * picture.width + Math.floor(((column + 0.5) * picture.width) / width);
    bytes[index] = picture.data[from * 4 + (index % 3)];
  }
  return bytes;
}

/** Seeded values from -0.5 to 0.5. */
export const noise = (shape) => () => {
  const random = randomFrom(SEED);
  const size = shape.reduce((product, each) => product * each, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: size }, () => random() - 0.5) };
};

const signed = (byte) => byte / 127.5 - 1;

function planar({ width, height, rgba }) {
  const plane = width * height;
  const data = Float32Array.from({ length: 3 * plane }, (_, index) => signed(rgba[(index % plane) * 4 + 2 - Math.floor(index / plane)]));
  return { dtype: 'float32', shape: [1, 3, height, width], data };
}

/** Pixels of a sheet of paper with these lines on it, from a canvas in the browser. @param tilt in radians */
async function drawn(browser, width, height, lines, tilt) {
  const tab = await browser.newPage();
  try {
    return { width, height, rgba: Buffer.from(await tab.evaluate(drawSheet, { width, height, lines, tilt }), 'base64') };
  } finally {
    await tab.close();
  }
}

/** The page calls this. */
function drawSheet({ width, height, lines, tilt }) {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  const table = context.createLinearGradient(0, 0, width, height);
  table.addColorStop(0, '#7a5a3c');
  table.addColorStop(1, '#3d2f24');
  context.fillStyle = table;
  context.fillRect(0, 0, width, height);
  context.translate(width / 2, height / 2);
  context.rotate(tilt);
  const [across, down] = lines.length === 1 ? [width, height] : [width * 0.8, height * 0.85];
  context.fillStyle = '#f4f1ea';
  context.fillRect(-across / 2, -down / 2, across, down);
  context.fillStyle = '#222';
  context.textBaseline = 'middle';
  const pitch = down / lines.length;
  for (const [index, text] of lines.entries()) {
    context.font = `${pitch * (lines.length === 1 ? 0.7 : 0.45)}px sans-serif`;
    context.fillText(text, -across * 0.46, (index + 0.5) * pitch - down / 2, across * 0.92);
  }
  const { data } = context.getImageData(0, 0, width, height);
  let text = '';
  for (let at = 0; at < data.length; at += 30_000) text += String.fromCharCode(...data.subarray(at, at + 30_000));
  return btoa(text);
}
