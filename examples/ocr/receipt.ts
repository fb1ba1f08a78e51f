/** A picture with a text in it: a receipt on a table, drawn by the page. */

const WIDTH = 640;
const HEIGHT = 800;

/** Radians by which it lies askew, as on a photograph. */
const TILT = -0.06;

/** The text on it: a line in the middle, or a thing at the left and its price at the right. */
const ROWS: readonly (readonly [string] | readonly [string, string])[] = [
  ['CAFE PANNIER'],
  ['12 Market Street'],
  ['Espresso', '2.80'],
  ['Apple pie', '4.50'],
  ['Orange juice', '3.90'],
  ['Total', '11.20'],
  ['Thank you!'],
];

const PAPER = { width: 430, height: 620, margin: 38 };

/** @param isUpsideDown as it lies before the one who sits opposite */
export async function receipt(isUpsideDown: boolean): Promise<ImageBitmap> {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  drawTable(context);
  context.translate(WIDTH / 2, HEIGHT / 2);
  context.rotate(TILT + (isUpsideDown ? Math.PI : 0));
  context.shadowColor = 'rgb(0 0 0 / 0.45)';
  context.shadowBlur = 28;
  context.shadowOffsetY = 10;
  context.fillStyle = '#f7f4ec';
  context.fillRect(-PAPER.width / 2, -PAPER.height / 2, PAPER.width, PAPER.height);
  context.shadowColor = 'transparent';
  context.fillStyle = '#26231f';
  context.textBaseline = 'middle';
  const edge = PAPER.width / 2 - PAPER.margin;
  for (const [index, row] of ROWS.entries()) {
    const y = ((index + 0.5) / ROWS.length - 0.5) * (PAPER.height - 60);
    context.font = index === 0 ? '600 42px sans-serif' : '30px sans-serif';
    const [left, right] = row;
    context.textAlign = right === undefined ? 'center' : 'left';
    context.fillText(left, right === undefined ? 0 : -edge, y);
    context.textAlign = 'right';
    if (right !== undefined) context.fillText(right, edge, y);
  }
  return createImageBitmap(canvas);
}

function drawTable(context: OffscreenCanvasRenderingContext2D): void {
  const wood = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  wood.addColorStop(0, '#8a6544');
  wood.addColorStop(0.5, '#6f4f35');
  wood.addColorStop(1, '#4c3726');
  context.fillStyle = wood;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = 'rgb(0 0 0 / 0.16)';
  for (let y = 90; y < HEIGHT; y += 178) context.fillRect(0, y, WIDTH, 3);
}
