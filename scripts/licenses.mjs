/** The licenses of what is bundled into `dist`, for `dist/THIRD_PARTY_LICENSES.txt`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const kept = (name) => readFileSync(new URL(`./licenses/${name}.txt`, import.meta.url), 'utf8').trim();

/** TF.js's packages carry no license file, and most other Apache-2.0 ones repeat the same text. */
const APACHE = 'Apache-2.0';

/** Compiled into a file of a package, whose own license says nothing of it. */
const WITHIN = { '@tensorflow/tfjs-backend-wasm': ['XNNPACK'] };

/** The package that a module lies in, or undefined for our own. */
export const packageOf = (id) => id.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];

/**
 * One text of all licenses.
 * @param packages names, such as `long`
 */
export function licensesOf(packages) {
  const sections = [...packages]
    .sort()
    .flatMap((name) => [section(name), ...(WITHIN[name] ?? []).map((part) => `${part}, within ${name}\n\n${kept(part)}`)]);
  return [
    'Pannier is MIT-licensed. The files beside this one hold parts of the following packages.',
    ...sections,
    `The text of ${APACHE}\n\n${kept(APACHE)}`,
  ]
    .join(`\n\n${'-'.repeat(80)}\n\n`)
    .concat('\n');
}

function section(name) {
  const folder = join('node_modules', name);
  // TF.js's packages name no author.
  const { version, license, author = 'Google LLC', homepage, repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const by = typeof author === 'string' ? author : author.name;
  const head = `${name} ${version}\n${license}, Copyright ${by}\n${homepage ?? repository?.url ?? ''}`.trim();
  if (license === APACHE) return head;
  const text = ownText(folder);
  if (text === undefined) throw new Error(`${name} is ${license}, but neither a license file nor its README has the text.`);
  return `${head}\n\n${text}`;
}

/** A license file, else what a README says under that heading. */
function ownText(folder) {
  const files = readdirSync(folder);
  const file = files.find((each) => /^licen[sc]e/i.test(each));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim();
  const readme = files.find((each) => /^readme/i.test(each));
  return (
    readme &&
    readFileSync(join(folder, readme), 'utf8')
      .match(/^LICENSE.*\n-+\n([\s\S]*)/im)?.[1]
      ?.trim()
  );
}
