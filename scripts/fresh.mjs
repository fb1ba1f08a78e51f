/** Whether the last build still stands: by the content of everything that a build reads, and of everything that it has written. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The note of a finished build. It lies in a folder that every build removes first. */
const NOTE = '.build/fresh.json';

/** Everything that a build reads. Npm's own list of what it installed stands for the packages. */
const INPUTS = [
  ...['src', 'apps', 'examples', 'scripts'],
  ...['package.json', 'package-lock.json', 'rollup.config.mjs', 'tsconfig.json', 'node_modules/.package-lock.json'],
];

/** The outputs of a build, besides the packed model in each example. */
const OUTPUTS = ['dist', '.build'];
const PACKED = /^examples\/[^/]+\/model\//;

/** The outputs of `npm start`, which no build reads. */
const PAGES = /^examples\/([^/]+\/)?dist\//;

/**
 * A hash of everything that a build reads. It is taken before the build, so that a file that changes meanwhile counts as changed.
 * @param {string} root folder of the repository
 * @returns {string | undefined} undefined if an input is missing altogether: such a build is never fresh
 */
export function hashInputs(root) {
  if (INPUTS.some((input) => !existsSync(join(root, input)))) return undefined;
  const files = INPUTS.flatMap((input) => filesIn(root, input)).filter((file) => !PACKED.test(file) && !PAGES.test(file));
  return hashOf(root, files, `${process.version} ${process.platform} ${process.arch}`);
}

/**
 * Whether the build of these inputs is there, with every byte that it wrote and nothing else.
 * @param {string} root folder of the repository
 * @param {string | undefined} inputs what {@link hashInputs} says now
 */
export function isFresh(root, inputs) {
  const note = join(root, NOTE);
  if (inputs === undefined || !existsSync(note)) return false;
  return readFileSync(note, 'utf8') === noteOf(root, inputs);
}

/**
 * Notes that the build of these inputs is finished.
 * @param {string} root folder of the repository
 * @param {string | undefined} inputs what {@link hashInputs} said before the build
 */
export function markFresh(root, inputs) {
  if (inputs !== undefined) writeFileSync(join(root, NOTE), noteOf(root, inputs));
}

function noteOf(root, inputs) {
  const built = OUTPUTS.flatMap((output) => filesIn(root, output)).filter((file) => file !== NOTE);
  const files = [...built, ...filesIn(root, 'examples').filter((file) => PACKED.test(file))];
  return `${JSON.stringify({ inputs, outputs: hashOf(root, files, '') })}\n`;
}

/** Paths from the root, with slashes; a folder gives all files below it. */
function filesIn(root, path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesIn(root, `${path}/${name}`));
}

/** Names and contents, so that a file that was renamed or emptied counts as changed. */
function hashOf(root, files, before) {
  const hash = createHash('sha256').update(before);
  for (const file of files.sort()) {
    const bytes = readFileSync(join(root, file));
    hash.update(`\n${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}
