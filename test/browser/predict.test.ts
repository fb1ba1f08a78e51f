/** The second trip in a real browser: pictures of every kind, streams, aborts, memory. */
import { describe, expect, test } from 'vitest';
import type { AnyInputs, ModelSource } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { addModel, realModel, twoInputModel } from '../fixtures/models.js';
import { expectNoViolations } from '../harness/browser.js';
import { countModel, echoModel, room } from './room.js';

const picture = { inputs: { picture: { image: { scale: 1, offset: 0 } } } };

/** Large enough for webgpu to run it on the GPU. */
const sharp = (filter: 'nearest' | 'bilinear' | 'area') => ({
  inputs: { picture: { image: { scale: 1, offset: 0, filter } } },
  raw: echoModel(24, 24),
});

const here = room(
  {
    add: addModel(),
    total: twoInputModel(),
    count: countModel(),
    echo: { ...picture, raw: echoModel(4, 4) },
    nearest: sharp('nearest'),
    bilinear: sharp('bilinear'),
    area: sharp('area'),
    drawn: { inputs: { picture: { image: { scale: 1, offset: 0, filter: 'browser' } } }, raw: echoModel(4, 4) },
    selfie: {
      model: realModel('selfie'),
      inputs: { 'input_1:0': { name: 'photo', image: { scale: 1 / 255 } } },
      outputs: { 'activation_10:0': { name: 'mask' } },
    },
  },
  { launch: { webgpu: true } },
);

/** In the page: a 4 × 4 canvas, red above, blue below, and helpers around it. */
const STAGE = `
  globalThis.flag = () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 4, height: 4 });
    const context = canvas.getContext('2d');
    context.fillStyle = 'rgb(200, 0, 0)';
    context.fillRect(0, 0, 4, 2);
    context.fillStyle = 'rgb(0, 0, 100)';
    context.fillRect(0, 2, 4, 2);
    return canvas;
  };
  globalThis.blobOf = (canvas, type = 'image/png') => new Promise((resolve) => canvas.toBlob(resolve, type, 1));
  globalThis.look = async (model, picture) => [...(await model.predict({ picture })).outputs.seen.data];
`;
declare global {
  function flag(): HTMLCanvasElement;
  function blobOf(canvas: HTMLCanvasElement, type?: string): Promise<Blob>;
  // biome-ignore lint/suspicious/noExplicitAny: a model whose types are not known here
  function look(model: any, picture: unknown): Promise<number[]>;
}

const stage = async () => {
  const page = await here.page();
  await page.evaluate(STAGE);
  return page;
};

const FLAG = [...Array(8).fill([200, 0, 0]), ...Array(8).fill([0, 0, 100])].flat();

describe('pictures', () => {
  test('every kind of source gives the same tensor', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const model = await load('echo', { backend: 'wasm' });
      const canvas = flag();
      const offscreen = new OffscreenCanvas(4, 4);
      offscreen.getContext('2d')?.drawImage(canvas, 0, 0);
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, 4, 4) as ImageData;
      const bitmap = await createImageBitmap(canvas);
      const frame = new VideoFrame(canvas, { timestamp: 0 });
      const results = {
        canvas: await look(model, canvas),
        offscreen: await look(model, offscreen),
        imageData: await look(model, pixels),
        pixels: await look(model, { data: new Uint8Array(pixels.data), width: 4, height: 4 }),
        bitmap: await look(model, bitmap),
        frame: await look(model, frame),
        blob: await look(model, await blobOf(canvas)),
        crop: await look(model, { source: canvas, crop: { x: 0, y: 0, width: 4, height: 4 } }),
        turned: await look(model, { source: canvas, crop: { x: 0, y: 0, width: 4, height: 4, rotation: Math.PI } }),
      };
      // The caller's own pictures are still whole.
      const whole = bitmap.width === 4 && frame.displayWidth === 4;
      frame.close();
      return { results, whole };
    });
    const { turned, ...straight } = seen.results;
    for (const [kind, values] of Object.entries(straight)) expect(values, kind).toEqual(FLAG);
    expect(turned).toEqual([...Array(8).fill([0, 0, 100]), ...Array(8).fill([200, 0, 0])].flat());
    expect(seen.whole).toBe(true);
    await expectNoViolations(page);
  });

  test('an img element, on every backend and thread the same', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const image = new Image();
      image.src = '/fixtures/chelsea.png';
      const answers: number[][] = [];
      for (const backend of ['webgpu', 'wasm', 'cpu'] as const) {
        for (const thread of ['worker', 'page'] as const) {
          const model = await load('area', { backend: [backend], thread });
          answers.push(await look(model, image));
          model.dispose();
        }
      }
      return answers;
    });
    expect(seen).toHaveLength(6);
    for (const each of seen) expect(each).toEqual(seen[0]);
    expect(Math.max(...(seen[0] ?? []))).toBeGreaterThan(50);
  });

  test.each(['nearest', 'bilinear', 'area'] as const)(
    '%s: only what the model sees is drawn, and gives what all of it would',
    async (name) => {
      const page = await stage();
      const seen = await page.evaluate(async (name) => {
        const bitmap = await createImageBitmap(await (await fetch('/fixtures/chelsea.png')).blob());
        const { width, height } = bitmap;
        const yuv = new VideoFrame(
          Uint8Array.from({ length: 96 * 64 * 1.5 }, (_, index) => (index * 7919) >> 3),
          {
            ...{ format: 'I420', codedWidth: 96, codedHeight: 64, timestamp: 0 },
          },
        );
        const all = (source: ImageBitmap | VideoFrame, width: number, height: number) => {
          const context = new OffscreenCanvas(width, height).getContext('2d', { alpha: false }) as OffscreenCanvasRenderingContext2D;
          context.drawImage(source, 0, 0);
          return context.getImageData(0, 0, width, height);
        };
        const pictures = [
          { source: bitmap, pixels: all(bitmap, width, height), width, height },
          { source: yuv, pixels: all(yuv, 96, 64), width: 96, height: 64 },
        ];
        let drawn = 0;
        const { getImageData } = OffscreenCanvasRenderingContext2D.prototype;
        OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...given: Parameters<typeof getImageData>) {
          drawn = Math.max(drawn, given[2] * given[3]);
          return getImageData.apply(this, given);
        };
        const model = await load(name, { backend: 'cpu', thread: 'page' });
        let differing = 0;
        let black = 0;
        let most = 0;
        for (const { source, pixels, width, height } of pictures) {
          for (let round = 0; round < 40; round++) {
            // Quarter turns and any other, inside, across the edges and outside.
            const rotation = round % 4 === 0 ? 0 : round % 4 === 1 ? ((round >> 2) * Math.PI) / 2 : round * 0.37;
            const size = { width: 3 + ((round * 29) % 61) * 0.77, height: 3 + ((round * 17) % 53) * 0.91 };
            const crop = { x: ((round * 53) % (width + 80)) - 60.3, y: ((round * 37) % (height + 80)) - 60.7, ...size, rotation };
            drawn = 0;
            const ours = await look(model, { source, crop });
            most = Math.max(most, drawn);
            const whole = await look(model, { source: pixels, crop });
            if (ours.some((value, index) => value !== whole[index])) differing++;
            if (whole.every((value) => value === 0)) black++;
          }
        }
        yuv.close();
        return { differing, black, most };
      }, name);
      expect(seen.differing).toBe(0);
      expect(seen.black).toBeGreaterThan(0);
      expect(seen.black).toBeLessThan(40);
      // A crop has up to 50 × 50 pixels, in any direction.
      expect(seen.most).toBeLessThan(80 * 80);
    },
  );

  test('a picture above what a canvas holds is refused, a part of it is not; a large canvas is not kept', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const made: OffscreenCanvas[] = [];
      globalThis.OffscreenCanvas = class extends OffscreenCanvas {
        constructor(width: number, height: number) {
          super(width, height);
          made.push(this);
        }
      };
      const model = await load('echo', { backend: 'cpu', thread: 'page' });
      const wide = await createImageBitmap(new ImageData(new Uint8ClampedArray(70_000 * 2 * 4).fill(255), 70_000, 2));
      const all = await look(model, wide).then(String, ({ code, message }) => `${code}: ${message}`);
      const part = await look(model, { source: wide, crop: { x: 69_000, y: 0, width: 100, height: 2 } });
      await look(model, flag());
      const before = made.length;
      const large = await createImageBitmap(new ImageData(3_000, 2_000));
      await look(model, large);
      await look(model, flag());
      await look(model, flag());
      return { all, part: Math.min(...part), made: made.length - before };
    });
    expect(seen).toEqual({ all: expect.stringMatching(/^input: .*70000 × 2 pixels.*smaller crop/), part: 255, made: 1 });
  });

  test('EXIF orientation is applied', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      // Stored 16 × 8 with red left and blue right; orientation 6 shows red above blue.
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 16, height: 8 });
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.fillStyle = 'red';
      context.fillRect(0, 0, 8, 8);
      context.fillStyle = 'blue';
      context.fillRect(8, 0, 8, 8);
      const jpeg = new Uint8Array(await (await blobOf(canvas, 'image/jpeg')).arrayBuffer());
      const exif = [
        0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0,
        0, 0,
      ];
      const blob = new Blob([jpeg.subarray(0, 2), Uint8Array.from(exif), jpeg.subarray(2)], { type: 'image/jpeg' });
      const model = await load('echo', { backend: 'cpu' });
      const { outputs, images } = await model.predict({ picture: blob });
      const data = [...(outputs['seen']?.data ?? [])] as number[];
      return { top: data.slice(0, 3), bottom: data.slice(-3), source: [images['picture']?.sourceWidth, images['picture']?.sourceHeight] };
    });
    expect(seen.source).toEqual([8, 16]);
    expect(seen.top[0]).toBeGreaterThan(240);
    expect(seen.top[2]).toBeLessThan(15);
    expect(seen.bottom[2]).toBeGreaterThan(240);
  });

  test('transparent pixels lie over black', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 4, height: 4 });
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.fillStyle = 'rgba(255, 0, 0, 0.5)';
      context.fillRect(0, 0, 4, 2);
      const model = await load('echo', { backend: 'cpu' });
      return [await look(model, await blobOf(canvas)), await look(model, canvas), await look(model, context.getImageData(0, 0, 4, 4))];
    });
    for (const values of seen) {
      expect(Math.abs((values[0] as number) - 128)).toBeLessThanOrEqual(1);
      expect(values.slice(-3)).toEqual([0, 0, 0]);
    }
  });

  test('the canvas resizes where the model asks for it', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const big = document.createElement('canvas');
      Object.assign(big, { width: 40, height: 40 });
      big.getContext('2d')?.drawImage(flag(), 0, 0, 40, 40);
      const model = await load('drawn', { backend: 'cpu' });
      return look(model, big);
    });
    for (const [index, value] of seen.slice(0, 12).entries()) expect(Math.abs(value - (FLAG[index] as number))).toBeLessThan(20);
  });

  test('what is no picture, or not yet, is refused, typed', async () => {
    const page = await stage();
    const errors = await page.evaluate(async () => {
      const model = await load('echo', { backend: 'cpu' });
      const given = {
        unready: document.createElement('video'),
        broken: new Blob(['no picture at all']),
        html: new Blob(['<!doctype html>'], { type: 'text/html' }),
        array: [1, 2, 3],
        text: 'cat.png',
        short: { data: new Uint8Array(12), width: 2, height: 2 },
        emptyCrop: { source: flag(), crop: { x: 0, y: 0, width: 0, height: 4 } },
      };
      const found: Record<string, string> = {};
      for (const [kind, picture] of Object.entries(given))
        found[kind] = await look(model, picture).then(String, ({ code, message }) => `${code}: ${message}`);
      return found;
    });
    expect(errors).toEqual({
      unready: expect.stringMatching(/^input: .*loadeddata/),
      broken: expect.stringMatching(/^input: .*ready and can be decoded, but Blob of no type is not/),
      html: expect.stringMatching(/^input: .*can be decoded, but Blob of text\/html is not/),
      array: expect.stringMatching(/^input: .*should be a picture, but is Array\. Give a Float32Array of \d+ values, flat\./),
      text: expect.stringMatching(/^input: .*should be a picture/),
      short: expect.stringMatching(/^input: .*width × height × 4/),
      emptyCrop: expect.stringMatching(/^input: .*above 0/),
    });
  });

  test('a canvas that another origin has tainted is refused, in a worker and here', async () => {
    const [site, elsewhere] = [
      await here.serve({ csp: null }),
      await here.serve({ csp: null, headers: { 'Cross-Origin-Resource-Policy': 'cross-origin' } }),
    ];
    const page = await here.page(undefined, site);
    const errors = await page.evaluate(
      async (origin) => {
        const image = new Image();
        image.src = `${origin}/fixtures/chelsea.png`;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.getContext('2d')?.drawImage(image, 0, 0);
        const found: unknown[] = [];
        for (const thread of ['worker', 'page'] as const) {
          const model = await load('echo', { backend: 'cpu', thread });
          for (const given of [image, canvas])
            found.push(await model.predict({ picture: given }).then(String, ({ code, message }) => `${code}: ${message}`));
        }
        return found;
      },
      elsewhere.url.replace('127.0.0.1', 'localhost'),
    );
    await Promise.all([site.close(), elsewhere.close()]);
    const told = expect.stringMatching(/^input: .* Is it from another origin\? Set crossorigin and let its server allow it/);
    expect(errors).toEqual([told, told, told, told]);
    expect(errors.slice(0, 2).join()).not.toContain('postMessage');
  });
});

test('only the outputs asked for, into arrays of the caller', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    const model = await load('add', { backend: 'wasm' });
    const into = { sumY: new Float32Array(4) };
    const { outputs } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) }, { into });
    const wrong = await model.predict({ x: new Float32Array(4) }, { into: { sumY: new Float32Array(3) } }).then(String, ({ code }) => code);
    const unknown = await model.predict({ x: new Float32Array(4) }, { outputs: ['nope'] }).then(String, ({ code }) => code);
    return { same: outputs['sumY']?.data === into.sumY, values: [...into.sumY], wrong, unknown };
  });
  expect(seen).toEqual({ same: true, values: [2, 4, 6, 8], wrong: 'input', unknown: 'input' });
});

test('aborts: before, while waiting, while running; what is not aborted answers', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    const model = await load('count', { backend: 'cpu' });
    const name = (error: { name?: string; message?: string }) => error.message;
    // Still at it when it is aborted.
    const slow = { from: Int32Array.of(-5_000) };
    const quick = { from: Int32Array.of(2) };
    const before = await model.predict(quick, { signal: AbortSignal.abort(new Error('before')) }).then(String, name);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = model.predict(slow, { signal: running.signal }).then(String, name);
    const second = model.predict(quick, { signal: waiting.signal }).then(String, name);
    const third = model.predict(quick);
    waiting.abort(new Error('waiting'));
    setTimeout(() => running.abort(new Error('running')), 20);
    const aborted = [before, await first, await second];
    const { outputs } = await third;
    const { failedCount, count } = model.stats();
    return { aborted, third: outputs['reached']?.data[0], failedCount, count };
  });
  expect(seen).toEqual({ aborted: ['before', 'running', 'waiting'], third: 3, failedCount: 0, count: 1 });
});

test('dispose rejects what is under way, and everything after', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    const model = await load('count', { backend: 'cpu' });
    const calls = [-100_000, 1, 2].map((from) => model.predict({ from: Int32Array.of(from) }).then(String, ({ code }) => code));
    setTimeout(() => model.dispose(), 30);
    const settled = await Promise.all(calls);
    return [...settled, await model.predict({ from: Int32Array.of(1) }).then(String, ({ code }) => code)];
  });
  expect(seen).toEqual(['disposed', 'disposed', 'disposed', 'disposed']);
});

declare global {
  var _tfengine: { memory(): { numTensors: number; numBytes: number; numDataBuffers: number } };
}

test.each(['webgpu', 'wasm', 'cpu'] as const)(
  'a thousand calls on %s leave its memory where it was, two hundred failing ones too',
  async (backend) => {
    const page = await here.page();
    const seen = await page.evaluate(async (backend) => {
      const model = await loadUncompiled('total', { backend: [backend], thread: 'page' });
      const rows = (first: number, second: number) => ({
        first: { data: new Float32Array(first * 3), shape: [first, 3] },
        second: { data: new Int32Array(second * 3), shape: [second, 3] },
      });
      await model.predict(rows(2, 2));
      const before = _tfengine.memory();
      const codes: Record<string, number> = {};
      for (let index = 0; index < 1_000; index++) {
        // The last one fails half-way through the graph: 2 and 3 rows have no sum.
        const kinds = [rows(2, 2), { first: new Float32Array(4) }, rows(2, 3)];
        const given = kinds[Math.max(0, (index % 10) - 7)] as AnyInputs;
        const code = await model.predict(given).then(
          () => 'none',
          ({ code }) => code as string,
        );
        codes[code] = (codes[code] ?? 0) + 1;
      }
      return { before, after: _tfengine.memory(), codes };
    }, backend);
    expect(seen.codes).toEqual({ none: 800, input: 100, predict: 100 });
    expect(seen.after).toEqual(seen.before);
  },
);

test('a compiled model grows no memory: its calls, also those that fail, share what it had when it was opened', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    const memories: WebAssembly.Memory[] = [];
    const { instantiate } = WebAssembly;
    const watched = async (module: WebAssembly.Module, imports?: WebAssembly.Imports) => {
      const instance = await instantiate(module, imports);
      memories.push(instance.exports['memory'] as WebAssembly.Memory);
      return instance;
    };
    Object.assign(WebAssembly, { instantiate: watched });
    const model = await load('add', { backend: 'wasm', thread: 'page' });
    const bytes = () => memories.map(({ buffer }) => buffer.byteLength);
    const before = bytes();
    let failed = 0;
    for (let index = 0; index < 1_000; index++)
      await model.predict({ x: new Float32Array(index % 10 === 0 ? 3 : 4) }).catch(() => failed++);
    return { before, after: bytes(), failed };
  });
  expect(seen.before).toEqual([expect.any(Number)]);
  expect(seen).toMatchObject({ failed: 100, after: seen.before });
});

test('fifty calls of MoveNet leave the memory of TF.js where it was', async () => {
  const page = await stage();
  const seen = await page.evaluate(async () => {
    const { loadModel } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
    const { targets, ...pose } = (await importModule<{ default: ModelSource }>('/pose/model.js')).default as Manifest;
    const model = await loadModel({ ...pose, targets: { tfjs: targets.tfjs } } as Manifest, {
      backend: 'wasm',
      thread: 'page',
    });
    const image = await createImageBitmap(await (await fetch('/fixtures/astronaut.png')).blob());
    await model.predict({ image });
    const before = _tfengine.memory();
    let failed = 0;
    for (let index = 0; index < 50; index++)
      await model.predict({ image: index % 5 === 0 ? ({} as ImageBitmap) : image }).catch(() => failed++);
    return { before, after: _tfengine.memory(), failed };
  });
  expect(seen.failed).toBe(10);
  expect(seen.after).toEqual(seen.before);
});

test('a stream of inputs keeps its order and drops nothing', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    const model = await load('add', { backend: 'wasm' });
    const answers: number[] = [];
    const inputs = Array.from({ length: 50 }, (_, index) => ({ x: Float32Array.of(index, 0, 0, 0) }));
    for await (const { outputs } of model.predictEach(inputs, { concurrency: 4 })) answers.push(outputs['sumY']?.data[0] as number);
    return answers;
  });
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
});

test('video: each frame with the answer that belongs to it, until the video ends or the caller does', async () => {
  const page = await stage();
  const seen = await page.evaluate(async () => {
    const model = await load('echo', { backend: 'wasm' });
    const video = document.createElement('video');
    Object.assign(video, { src: '/fixtures/astronaut.webm', muted: true });
    await video.play();
    let agree = 0;
    let frames = 0;
    for await (const { outputs, frame } of model.predictEach(video, { keepFrame: true })) {
      const again = await look(model, frame as ImageBitmap);
      if (again.every((value, index) => value === outputs['seen']?.data[index])) agree++;
      frame?.close();
      frames++;
    }
    video.currentTime = 0;
    await video.play();
    const stop = new AbortController();
    let reason = '';
    let more = 0;
    try {
      for await (const { timing } of model.predictEach(video, { signal: stop.signal })) {
        more += timing.totalMs > 0 ? 1 : 0;
        if (more === 2) stop.abort(new Error('enough'));
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    return { agree, frames, more, reason, ended: video.ended };
  });
  expect(seen.frames).toBeGreaterThan(3);
  expect(seen.agree).toBe(seen.frames);
  expect(seen).toMatchObject({ more: 2, reason: 'enough', ended: false });
  await expectNoViolations(page);
});

test('a video that has loaded but shows no frame yet is waited for', async () => {
  const page = await stage();
  const frames = await page.evaluate(async () => {
    const model = await load('echo', { backend: 'wasm' });
    const video = document.createElement('video');
    Object.assign(video, { src: '/fixtures/astronaut.webm', muted: true });
    await new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }));
    setTimeout(() => void video.play(), 100);
    let count = 0;
    for await (const { frame } of model.predictEach(video, { keepFrame: true })) {
      frame?.close();
      if (++count === 3) break;
    }
    return count;
  });
  expect(frames).toBe(3);
});

test('a camera track is a stream of frames', async () => {
  const page = await stage();
  const frames = await page.evaluate(async () => {
    const model = await load('echo', { backend: 'wasm' });
    const canvas = flag();
    const [track] = canvas.captureStream(30).getVideoTracks() as [MediaStreamTrack];
    const draw = setInterval(() => canvas.getContext('2d')?.fillRect(0, 0, 1, 1), 20);
    let count = 0;
    for await (const { outputs } of model.predictEach(track)) {
      if (outputs['seen'] === undefined) break;
      if (++count === 5) track.stop();
    }
    clearInterval(draw);
    return count;
  });
  expect(frames).toBeGreaterThanOrEqual(5);
});

test('selfie: half of the photograph is a person', async () => {
  const page = await here.page();
  const share = await page.evaluate(async () => {
    const model = await load('selfie', { backend: 'wasm' });
    const photo = await (await fetch('/fixtures/astronaut.png')).blob();
    const { outputs } = await model.predict({ photo });
    const mask = outputs['mask']?.data as Float32Array;
    return mask.filter((value) => value > 0.5).length / mask.length;
  });
  expect(share).toBeCloseTo(0.54, 1);
});
