/** The guides cannot rot: every sample of theirs compiles or runs, every link leads somewhere, every figure is held elsewhere. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { STRICT_CSP } from './harness/site.js';

const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((name) => name.endsWith('.md'));

const decisions = readdirSync('docs/decisions').map((name) => `docs/decisions/${name}`);

interface Sample {
  /** `docs/page.md 3`: the third sample of the page. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
}

const samples = pages.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', code = ''], index): Sample => ({ place: `${page} ${index + 1}`, language, code }),
  ),
);
const inLanguage = (...languages: string[]) => samples.filter(({ language }) => languages.includes(language));

/** Samples that other tests run: by the file name in their first line. They are compiled under that name, as TypeScript. */
const RUN =
  /^\/\/ (useModel\.ts|Nose\.tsx|nose\.ts|(?:vitest|jest)\/nose\.test\.ts|jest\.config\.js|vite\.config\.mjs|write-sw\.mjs|(?:service-worker\/)?sw\.[jt]s)$/m;

/** Other globals and packages than a page's. */
const ELSEWHERE = /^\/\/ (vite\.config\.mjs|write-sw\.mjs|(service-worker\/)?sw\.[jt]s)$/m;

/** The first words of a sample that needs Python. */
const NOT_RUN = '# not run by our tests';

/** Programs of Python packages, in a sample that is marked. */
const PYTHON_PROGRAMS = ['pip', 'python', 'optimum-cli', 'yolo'];

/** docs/api.md is a page of declarations; test/api-page.test.ts and test/types.test.ts hold it. */
const isDeclarations = ({ place }: Sample) => place.startsWith('docs/api.md');

/** What samples take for granted, each where it is used and not their own. */
const AROUND: Readonly<Record<string, string>> = {
  loadModel: "import { loadModel } from 'pannier';",
  PannierError: "import { PannierError } from 'pannier';",
  fakeModel: "import { fakeModel } from 'pannier/testing';",
  pose: "import pose from './models/pose/model.js';",
  pets: "import pets from './models/pose/model.js';",
  model:
    "declare const model: import('pannier').Model<import('./models/pose/model.js').PoseInputs, import('./models/pose/model.js').PoseOutputs>;",
  vad: "declare const vad: import('pannier').Model<Record<'input' | 'state', Float32Array>, Record<'output' | 'stateN', import('pannier').Tensor<'float32'>>>;",
  survival:
    "declare const survival: import('pannier').Model<{ features: { age: number; sex: 'female' | 'male' } }, { outputProbability: import('pannier').LabelledTensor<'0' | '1'> }>;",
  chunks: 'declare const chunks: AsyncIterable<Float32Array>;',
  signal: 'declare const signal: AbortSignal;',
  video: 'declare const video: HTMLVideoElement;',
  draw: 'declare function draw(...drawn: unknown[]): void;',
  showRetry: 'declare function showRetry(): void;',
  PoseCard: 'declare const PoseCard: unknown;',
  jest: "import { expect, jest, test } from '@jest/globals';",
};

/** A sample as a module of its own. */
function moduleOf({ code }: Sample): string {
  const bare = code.replace(/'[^'\n]*'/g, "''");
  const around = Object.entries(AROUND).filter(([name]) => {
    const own = new RegExp(`(import [^;]*\\b${name}\\b[^;]* from|(const|let|function|class) ${name}\\b)`);
    return new RegExp(`\\b${name}\\b`).test(bare) && !own.test(code);
  });
  return `${around.map(([, line]) => `${line}\n`).join('')}${code}\nexport {};\n`;
}

test('there are pages and samples', () => {
  expect(pages.length).toBeGreaterThan(8);
  expect(samples.length).toBeGreaterThan(20);
});

test('a sample is in a language that is held to something', () => {
  const known = ['ts', 'tsx', 'js', 'sh', 'http', 'py'];
  expect(samples.filter((each) => !known.includes(each.language) && !isDeclarations(each)).map(({ place }) => place)).toEqual([]);
});

test('every sample of TypeScript and JavaScript compiles', () => {
  const folder = '.cache/docs';
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/models/pose`, { recursive: true });
  cpSync('test/types/models/pose.d.ts', `${folder}/models/pose/model.d.ts`);
  const compiled = inLanguage('ts', 'tsx', 'js').filter((each) => !isDeclarations(each) && !ELSEWHERE.test(each.code));
  for (const each of compiled) {
    const name = RUN.exec(each.code)?.[1] ?? each.place.replace(/\W+/g, '-');
    const file = `${folder}/${name.replace(/\.[jt]sx?$/, '')}.${each.language === 'tsx' ? 'tsx' : 'ts'}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, moduleOf(each));
  }
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({
      extends: '../../test/types/dom/tsconfig.json',
      compilerOptions: { skipLibCheck: true, noUncheckedIndexedAccess: true, jsx: 'react-jsx' },
      include: ['.'],
    }),
  );
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false', '-p', folder], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

test('what other tests run is there to be run', () => {
  const names = inLanguage('js', 'ts', 'tsx').flatMap(({ code }) => code.match(RUN)?.[1] ?? []);
  expect(names.sort()).toEqual([
    'Nose.tsx',
    'jest.config.js',
    'jest/nose.test.ts',
    'nose.ts',
    'service-worker/sw.ts',
    'sw.js',
    'useModel.ts',
    'vite.config.mjs',
    'vitest/nose.test.ts',
    'write-sw.mjs',
  ]);
});

test('every command of a terminal is there, with every flag', () => {
  const usage = new Map<string, string>();
  const helpOf = (command: string) => {
    const text = usage.get(command) ?? spawnSync(process.execPath, ['dist/cli.js', command, '--help'], { encoding: 'utf8' }).stdout;
    usage.set(command, text);
    return text;
  };
  const scripts = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).scripts);
  const wrong: string[] = [];
  for (const { place, code } of inLanguage('sh')) {
    const others = code.startsWith(NOT_RUN) ? PYTHON_PROGRAMS : [];
    for (const line of code.trimEnd().split('\n')) {
      for (const command of line.replace(/#.*/, '').split('&&')) {
        const words = command.trim().split(/\s+/);
        const [program, ...rest] = words;
        const isKnown =
          program === 'npx' && rest[0] === 'pannier'
            ? rest.filter((word) => word.startsWith('--')).every((flag) => new RegExp(`${flag}[ ,]`).test(helpOf(rest[1] ?? '')))
            : program === 'npm' && ['install', 'pack', ...scripts].includes(rest[0] ?? '');
        if (!isKnown && command.trim() !== '' && !others.includes(program ?? '')) wrong.push(`${place}: ${command.trim()}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('Python is marked as not run', () => {
  expect(
    inLanguage('py')
      .filter(({ code }) => !code.startsWith(NOT_RUN))
      .map(({ place }) => place),
  ).toEqual([]);
});

test('the table of docs/preprocessing.md has numbers, and those of ImageNet are ImageNet’s', () => {
  const rows = [...readFileSync('docs/preprocessing.md', 'utf8').matchAll(/^\| (.+?) \| (rgb|bgr) \| `(.+?)` \| `(.+?)` \|/gm)];
  const numbers = (text = '') => [Function(`return ${text}`)()].flat() as number[];
  const read = rows.map(([, model = '', , scale, offset]) => ({ model, scale: numbers(scale), offset: numbers(offset) }));
  expect(read.length).toBeGreaterThan(5);
  expect(read.filter(({ scale, offset }) => ![...scale, ...offset].every(Number.isFinite))).toEqual([]);
  const { scale, offset } = read.find(({ model }) => model === 'Keras DenseNet') ?? { scale: [], offset: [] };
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ] as const;
  for (const [channel, value] of [0, 100, 255].entries()) {
    const wanted = (value / 255 - (mean[channel] as number)) / (std[channel] as number);
    expect(value * (scale[channel] as number) + (offset[channel] as number)).toBeCloseTo(wanted, 10);
  }
});

test('the policy of docs/csp.md is the one that every browser test runs under', () => {
  expect(inLanguage('http').map(({ code }) => code.trim())).toEqual([`Content-Security-Policy: ${STRICT_CSP}`]);
});

test('docs/sizes.md says what the README says, which test/size.test.ts holds', () => {
  const table = readFileSync('README.md', 'utf8').match(/^\| what a page downloads \|[\s\S]*?(?=\n\n)/m)?.[0] ?? 'no table';
  expect(readFileSync('docs/sizes.md', 'utf8')).toContain(table);
});

test('every link leads to a file, and to a heading in it', () => {
  const anchors = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
  const broken: string[] = [];
  for (const page of [...pages, ...decisions, 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']) {
    for (const [, link = ''] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(file) || (anchor !== undefined && !anchors(file).includes(anchor))) broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

test('a decision has its four parts, and a number of its own', () => {
  const parts = ['Context', 'Decision', 'Measured', 'What would change our mind'];
  for (const page of decisions) {
    const headings = [...readFileSync(page, 'utf8').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings, page).toEqual(parts);
  }
  const numbers = decisions.map((page) => Number(/(\d{3})-/.exec(page)?.[1]));
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
});

test('ARCHITECTURE.md is one page', () => {
  const lines = readFileSync('ARCHITECTURE.md', 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(100);
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});

test('ARCHITECTURE.md has every room and every door of src', () => {
  const names = readdirSync('src', { withFileTypes: true }).map((entry) => `\`${entry.name}${entry.isDirectory() ? '/' : ''}\``);
  const map = readFileSync('ARCHITECTURE.md', 'utf8');
  expect(names.filter((name) => !map.includes(name))).toEqual([]);
});

test('the README leads to every page', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(pages.filter((page) => page !== 'README.md' && !readme.includes(`(${page})`))).toEqual([]);
});
