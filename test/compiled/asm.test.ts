/** The emitter of WebAssembly: bytes as the specification has them, and modules that do what their statements say. */
import { describe, expect, it } from 'vitest';
import { type Code, flatten, signed, unsigned, type V128 } from '../../src/engines/compiled/asm/code.js';
import { ModuleBuilder } from '../../src/engines/compiled/asm/module.js';
import { f32, i32 } from '../../src/engines/compiled/asm/scalar.js';
import { f32x4, f64x2, i32x4, lanes, v128 } from '../../src/engines/compiled/asm/vector.js';

describe('numbers', () => {
  it.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('%d without a sign', (value, bytes) => expect(unsigned(value)).toEqual(bytes));

  it.each([
    [0, [0]],
    [63, [63]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('%d with a sign', (value, bytes) => expect(signed(value)).toEqual(bytes));

  it('stand in order however deep they lie', () => expect([...flatten([1, [2, [[3], []]], 4] as Code)]).toEqual([1, 2, 3, 4]));
});

/** The exports of a module that a function writes. */
async function exportsOf(write: (module: ModuleBuilder) => void): Promise<Record<string, unknown>> {
  const module = new ModuleBuilder();
  write(module);
  return (await WebAssembly.instantiate(module.bytes)).instance.exports as Record<string, unknown>;
}

type Run = (...numbers: number[]) => number;

describe('modules', () => {
  it('run loops, conditions and calls', async () => {
    const { sum } = await exportsOf((module) => {
      const double = module.function(['i32'], 'i32', (body, x) => body.return(i32.add(x, x)));
      module.export(
        'sum',
        module.function(['i32'], 'i32', (body, count) => {
          const total = body.let(i32.const(0));
          const turn = body.let(i32.const(0));
          body.repeat(count, () => {
            body.advance(turn, 1);
            // Odd turns count twice.
            body.if(
              i32.and(turn, i32.const(1)),
              () => body.advance(total, { type: 'i32', code: [turn.code, 0x10, double.index] }),
              () => body.advance(total, turn),
            );
          });
          body.return(total);
        }),
      );
    });
    expect((sum as Run)(4)).toBe(2 + 2 + 6 + 4);
  });

  it('keep constants in variables, each once', async () => {
    const added = (keeps: boolean) => (module: ModuleBuilder) => {
      module.memory(64);
      module.export(
        'run',
        module.function(['i32'], undefined, (body, times) => {
          if (keeps) body.keepConstants();
          const sum = body.let(f32x4.const(0));
          body.repeat(times, () => {
            body.set(sum, f32x4.add(f32x4.mul(sum, f32x4.const(2)), v128.const([1, 2, 3, 4])));
            body.set(sum, f32x4.mul(f32x4.add(sum, f32x4.const(2)), f32x4.const(2)));
            body.set(sum, i32x4.add(sum, i32x4.const(-1)));
          });
          body.store(i32.const(0), sum);
        }),
      );
    };
    const [plain, kept] = await Promise.all(
      [false, true].map(async (keeps) => {
        const { run, memory } = (await exportsOf(added(keeps))) as { run: Run; memory: WebAssembly.Memory };
        run(3);
        return [...new Float32Array(memory.buffer, 0, 4)];
      }),
    );
    expect(plain![0]).toBeGreaterThan(1);
    expect(kept).toEqual(plain);
    const size = (keeps: boolean) => {
      const module = new ModuleBuilder();
      added(keeps)(module);
      return module.bytes.length;
    };
    // The vector 2 stands in the code three times, and each constant takes 18 bytes.
    expect(size(true)).toBeLessThan(size(false));
  });

  it('call imports, and have data and a memory', async () => {
    const module = new ModuleBuilder();
    const told: number[] = [];
    const tell = module.import('host', 'tell', ['i32']);
    const run = module.function(['i32'], undefined, (body, address) => body.call(tell, i32.load(address, 4)));
    module.export('run', run);
    module.memory(1);
    module.data(16, Uint8Array.of(0, 0, 0, 0, 7, 1, 0, 0));
    module.custom('note', 'what it is');
    const compiled = await WebAssembly.compile(module.bytes);
    const { exports } = await WebAssembly.instantiate(compiled, { host: { tell: (value: number) => told.push(value) } });
    (exports['run'] as Run)(16);
    expect(told).toEqual([263]);
    expect(new TextDecoder().decode(WebAssembly.Module.customSections(compiled, 'note')[0])).toBe('what it is');
    expect((exports['memory'] as WebAssembly.Memory).buffer.byteLength).toBe(65_536);
  });

  it('store the first lanes of a vector alone', async () => {
    for (const count of [1, 2, 3, 4]) {
      const { run, memory } = await exportsOf((module) => {
        module.memory(1);
        const store = module.function([], undefined, (body) => body.storeLanes(i32.const(0), body.let(f32x4.const(5)), count, 4));
        module.export('run', store);
      });
      (run as Run)();
      const stored = new Float32Array((memory as WebAssembly.Memory).buffer, 0, 6);
      expect([...stored]).toEqual([0, ...Array.from({ length: 4 }, (_, lane) => (lane < count ? 5 : 0)), 0]);
    }
  });
});

describe('vectors', () => {
  const A = [1.5, -2.5, 0, 7];
  const B = [0.5, -2.5, 3, -4];

  /** Four floats that an expression over {@link A} and {@link B} gives. */
  async function floatsOf(expression: (a: V128, b: V128) => V128, type: typeof Float32Array | typeof Int32Array = Float32Array) {
    const { run, memory } = await exportsOf((module) => {
      module.memory(1);
      const compute = module.function([], undefined, (body) => {
        const [a, b] = [body.let(v128.load(i32.const(0))), body.let(v128.load(i32.const(16)))];
        body.store(i32.const(32), body.let(expression(a, b)));
      });
      module.export('run', compute);
    });
    const { buffer } = memory as WebAssembly.Memory;
    new type(buffer, 0, 8).set([...A, ...B]);
    (run as Run)();
    return [...new type(buffer, 32, 4)];
  }

  const ints = (values: readonly number[]) => values.map((value) => Math.trunc(value));
  const each = (compute: (a: number, b: number) => number) => A.map((a, lane) => compute(a, B[lane] as number));

  it.each<[string, (a: V128, b: V128) => V128, (a: number, b: number) => number]>([
    ['add', f32x4.add, (a, b) => a + b],
    ['sub', f32x4.sub, (a, b) => a - b],
    ['mul', f32x4.mul, (a, b) => a * b],
    ['div', f32x4.div, (a, b) => a / b],
    ['min', f32x4.min, Math.min],
    ['max', f32x4.max, Math.max],
    ['pmin', f32x4.pmin, Math.min],
    ['pmax', f32x4.pmax, Math.max],
    ['abs', f32x4.abs, Math.abs],
    ['neg', f32x4.neg, (a) => -a],
    ['sqrt', (a) => f32x4.sqrt(f32x4.abs(a)), (a) => Math.fround(Math.sqrt(Math.abs(a)))],
    ['floor', f32x4.floor, Math.floor],
    ['ceil', f32x4.ceil, Math.ceil],
    ['trunc', f32x4.trunc, Math.trunc],
    ['nearest', f32x4.nearest, (a) => ({ 1.5: 2, [-2.5]: -2 })[a] ?? a],
    ['select by lt', (a, b) => v128.select(a, b, f32x4.lt(a, b)), Math.min],
    ['select by gt', (a, b) => v128.select(a, b, f32x4.gt(a, b)), Math.max],
    ['eq', (a, b) => v128.and(f32x4.eq(a, b), f32x4.const(1)), (a, b) => Number(a === b)],
    ['ne', (a, b) => v128.and(f32x4.ne(a, b), f32x4.const(1)), (a, b) => Number(a !== b)],
    ['le', (a, b) => v128.and(f32x4.le(a, b), f32x4.const(1)), (a, b) => Number(a <= b)],
    ['ge', (a, b) => v128.and(f32x4.ge(a, b), f32x4.const(1)), (a, b) => Number(a >= b)],
    ['to whole numbers and back', (a) => f32x4.fromI32(i32x4.fromF32(a)), Math.trunc],
    ['splat', (a) => f32x4.splat(f32x4.extract(a, 3)), () => 7],
    ['replace', (a) => f32x4.replace(a, 1, f32.const(9)), (a) => (a === -2.5 ? 9 : a)],
    ['load splat', () => v128.load32Splat(i32.const(4)), () => -2.5],
  ])('%s of floats', async (_name, expression, wanted) =>
    expect((await floatsOf(expression)).map((x) => x + 0)).toEqual(each(wanted).map((x) => x + 0)),
  );

  it('shuffle', async () => {
    expect(await floatsOf((a, b) => v128.shuffle(a, b, lanes(3, 0, 5, 4)))).toEqual([7, 1.5, -2.5, 0.5]);
    expect(await floatsOf(() => v128.const([1, 2, 3, 4]))).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, (a: V128, b: V128) => V128, (a: number, b: number) => number]>([
    ['add', i32x4.add, (a, b) => a + b],
    ['sub', i32x4.sub, (a, b) => a - b],
    ['mul', i32x4.mul, (a, b) => a * b],
    ['min', i32x4.min, Math.min],
    ['max', i32x4.max, Math.max],
    ['abs', i32x4.abs, Math.abs],
    ['neg', i32x4.neg, (a) => -a],
    ['eq', i32x4.eq, (a, b) => -Number(a === b)],
    ['ne', i32x4.ne, (a, b) => -Number(a !== b)],
    ['lt', i32x4.lt, (a, b) => -Number(a < b)],
    ['gt', i32x4.gt, (a, b) => -Number(a > b)],
    ['le', i32x4.le, (a, b) => -Number(a <= b)],
    ['ge', i32x4.ge, (a, b) => -Number(a >= b)],
    ['shl', (a) => i32x4.shl(a, 3), (a) => a << 3],
    ['shrS', (a) => i32x4.shrS(a, 1), (a) => a >> 1],
    ['shrU', (a) => i32x4.shrU(a, 28), (a) => a >>> 28],
    ['const', () => i32x4.const(-5), () => -5],
    ['and', v128.and, (a, b) => a & b],
    ['or', v128.or, (a, b) => a | b],
    ['xor', v128.xor, (a, b) => a ^ b],
  ])('%s of whole numbers', async (_name, expression, wanted) => {
    const [a, b] = [ints(A), ints(B)] as [number[], number[]];
    expect((await floatsOf(expression, Int32Array)).map((x) => x + 0)).toEqual(a.map((each, lane) => wanted(each, b[lane] as number) + 0));
  });

  it('divide whole numbers in float64', async () => {
    const quotients = (round: (x: V128) => V128) =>
      floatsOf((a, b) => f64x2.toI32(round(f64x2.div(f64x2.fromLowI32(a), f64x2.fromLowI32(i32x4.sub(b, i32x4.const(2)))))), Int32Array);
    // 1 and -2 by -2 and -4.
    expect(await quotients(f64x2.floor)).toEqual([-1, 0, 0, 0]);
    expect(await quotients(f64x2.trunc)).toEqual([0, 0, 0, 0]);
  });
});
