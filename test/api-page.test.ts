/**
 * docs/api.md against the declarations that ship, in both directions. The page is read as the
 * TypeScript it looks like: sections begin at `// import … from`, lines that end in `// later` are left out.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const SECTIONS = {
  pannier: 'dist/types/index.d.ts',
  'pannier/read': 'dist/types/read/index.d.ts',
  'pannier/remote': 'dist/types/remote/index.d.ts',
  'pannier/drift': 'dist/types/drift/index.d.ts',
  'pannier/testing': 'dist/types/testing/index.d.ts',
  'pannier/pack': 'dist/types/pack/index.d.ts',
  'pannier/vite': 'dist/types/plugin/vite.d.ts',
  'pannier/rollup': 'dist/types/plugin/rollup.d.ts',
  'pannier/esbuild': 'dist/types/plugin/esbuild.d.ts',
} as const;

/** What the functions of `pannier/read` take and give: the page spells the names, the code has interfaces. */
const READ = {
  topK: ['TopKOptions', 'Ranked'],
  boxes: ['BoxOptions', 'Box'],
  keypoints: ['KeypointOptions', 'Keypoint'],
  maskImage: ['MaskOptions', 'MaskImage'],
} as const;

const page = [...readFileSync('docs/api.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)]
  .map(([, code = '']) => code)
  .join('\n')
  .split('\n')
  .filter((line) => !line.trimEnd().endsWith('// later'))
  .join('\n');

for (const [name, types] of Object.entries(SECTIONS)) {
  describe(name, () => {
    const { values, body } = sectionOf(name);
    const exported = exportsOf(types);

    test('exports the functions and classes of the page, and no others', () => {
      const real = [...exported].filter(([, { isType }]) => !isType);
      expect(real.map(([each]) => each).sort()).toEqual([...values].sort());
    });

    test('exports every type of the page, and names on the page whatever it exports', () => {
      const declared = [...body.matchAll(/^(?:interface|type|class) (\w+)/gm)].map(([, each = '']) => each);
      expect(declared.filter((each) => !exported.has(each))).toEqual([]);
      const named = (each: string) =>
        new RegExp(`\\b${each}\\b`).test(page) || Object.values(READ).some((types) => (types as readonly string[]).includes(each));
      expect([...exported.keys()].filter((each) => !named(each))).toEqual([]);
    });

    for (const [, declared = '', members = ''] of body.matchAll(
      /^(?:interface|class) (\w+)[^{]*\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}/gm,
    )) {
      test(`${declared} has the members of the page, and no others`, () => {
        const code = exported.get(declared)?.declaration ?? '';
        expect(membersOf(bodyOf(code))).toEqual(membersOf(members));
      });
    }
  });
}

describe('pannier/read', () => {
  const exported = exportsOf(SECTIONS['pannier/read']);
  for (const [name, [options, result]] of Object.entries(READ)) {
    test(`${name} takes and gives what the page says`, () => {
      const [, taken = '', given = ''] = page.match(new RegExp(`^${name}\\(tensor, \\{([^}]*)\\}\\): \\{([^}]*)\\}`, 'm')) ?? [];
      const names = (list: string) =>
        list
          .split(',')
          .map((each) => each.trim().replace('?', ''))
          .sort();
      expect(membersOf(bodyOf(exported.get(options)?.declaration ?? ''))).toEqual(names(taken));
      expect(membersOf(bodyOf(exported.get(result)?.declaration ?? ''))).toEqual(names(given));
    });
  }
});

test('the reader of members sees what is there', () => {
  const body = `
    a: string; readonly b?: { c: number; d: string }   // not: this
    private e; #f; constructor(g: string);
    get h(): boolean; static i: number;
    j(k: string, l: () => void): void; // also [Symbol.dispose]
    m?:
      | 'n'
      | 'o';
    /** p: q */
    [key: string]: unknown;`;
  expect(membersOf(body)).toEqual(['[Symbol.dispose]', 'a', 'b', 'h', 'j', 'm']);
});

/** The names in a section's `// import { … }` line, and its text up to the next. */
function sectionOf(name: string): { values: string[]; body: string } {
  const [, list = '', body = ''] =
    page.match(new RegExp(`^// import \\{([^}]*)\\} from '${name}'.*\\n([\\s\\S]*?)(?=^// import|$(?![\\s\\S]))`, 'm')) ?? [];
  return { values: list.split(',').map((each) => each.trim()), body };
}

interface Export {
  readonly isType: boolean;
  /** The text of the declaration, from `export` on. */
  readonly declaration: string;
}

/** Every name that a declaration file exports, followed to where it is declared. */
function exportsOf(file: string): Map<string, Export> {
  const text = readFileSync(file, 'utf8');
  const found = new Map<string, Export>();
  for (const [, type, list = '', from = ''] of text.matchAll(/^export (type )?\{([^}]*)\} from '([^']+)'/gm)) {
    const there = exportsOf(join(dirname(file), from.replace(/\.js$/, '.d.ts')));
    for (const each of list.split(',')) {
      const [own = '', shown = own] = each
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      const declared = there.get(own);
      if (declared !== undefined)
        found.set(shown, { ...declared, isType: declared.isType || type !== undefined || /^\s*type /.test(each) });
    }
  }
  const starts = [...text.matchAll(/^export (?:declare )?(?:abstract )?(interface|type|class|function|const) (\w+)/gm)];
  for (const [index, { 1: kind = '', 2: name = '', index: start }] of starts.entries()) {
    found.set(name, { isType: kind === 'interface' || kind === 'type', declaration: text.slice(start, starts[index + 1]?.index) });
  }
  return found;
}

/** What stands between a declaration's own braces: not those of a type parameter's default. */
function bodyOf(declaration: string): string {
  const code = withoutComments(declaration);
  const start = code.search(/\{\s*$|\{[^}]*\}?\s*$|\{/m);
  let depth = 0;
  for (let at = start; at >= 0 && at < code.length; at++) {
    if (code[at] === '{') depth++;
    if (code[at] === '}' && --depth === 0) return code.slice(start + 1, at);
  }
  return '';
}

/** Names of the public members in a body, sorted. A comment may add `also [Symbol.dispose]`. */
function membersOf(body: string): string[] {
  const names = new Set<string>();
  if (/also \[Symbol\.dispose\]/.test(body)) names.add('[Symbol.dispose]');
  let depth = 0;
  let member = '';
  for (const char of `${withoutComments(body)};`) {
    if ('([{'.includes(char)) depth++;
    if (')]}'.includes(char)) depth--;
    if (depth === 0 && (char === ';' || char === '\n')) {
      const [, name] = member.match(/^\s*(?:readonly |get |set )*(\w+|\[Symbol\.\w+\])\??\s*(?:[:(<]|$)/) ?? [];
      if (name !== undefined && !/^\s*(private|protected|static)\b/.test(member) && name !== 'constructor') names.add(name);
      member = '';
    } else member += char;
  }
  return [...names].sort();
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
