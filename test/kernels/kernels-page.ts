/** `docs/kernels.md`: which kernels of TF.js are right, which are wrong and how they are avoided, and what is refused. */
import { PannierError } from '../../src/base/errors.js';
import { writeTfjs } from '../../src/formats/tfjs/write/write.js';
import { allCases } from './cases.js';
import type { KnownFault } from './known-fault.js';
import { KNOWN_FAULTS } from './known-faults.js';
import { UNHELD } from './unheld.js';

const BACKENDS = 'cpu, wasm and webgpu';

/** The whole page. */
export function kernelsPage(): string {
  const ops = new Set<string>();
  const refused = new Map<string, number>();
  for (const { subject, graph } of allCases()) {
    try {
      for (const { op } of writeTfjs(graph).topology['node'] as readonly { readonly op: string }[]) ops.add(op);
    } catch (thrown) {
      if (!(thrown instanceof PannierError)) throw thrown;
      const row = `| \`${subject}\` | ${reasonOf(thrown)} |`;
      refused.set(row, (refused.get(row) ?? 0) + 1);
    }
  }
  const faulty = new Set(KNOWN_FAULTS.map(({ op }) => op));
  const right = [...ops].filter((op) => !faulty.has(op) && !['Const', 'Placeholder'].includes(op)).sort();
  return `# Kernels

Every kernel of TF.js 4.22 that Pannier writes a graph with is held to Pannier's own reference: ${allCases().length} small graphs, over
element types, shapes, strides, paddings and values, run on ${BACKENDS} (\`test/kernels\`; \`npm run evidence -- kernels\` runs all of
them and writes \`test/evidence/kernels.json\`). \`npm run kernels\` makes this page, and a test holds it to the code.

## Right

On ${BACKENDS}: ${right.map((op) => `\`${op}\``).join(', ')}.

## Wrong, and avoided

Each row has a call that shows it (\`test/kernels/known-faults.ts\`), and a test fails once TF.js answers that call right.

| TF.js's op | on | what is wrong | instead |
|---|---|---|---|
${KNOWN_FAULTS.map(rowOf).join('\n')}

## Not held

At these inputs of an op, TF.js answers otherwise. A model that computes with them has lost its meaning in most cases.

| op | at | why |
|---|---|---|
${UNHELD.map(({ ops, values, why }) => `| ${ops.map((op) => `\`${op}\``).join(', ')} | ${values} | ${why} |`).join('\n')}

## Refused

No op of TF.js computes these right. Packing says so, and names the node.

| op | why | of ${allCases().length} graphs |
|---|---|---|
${[...refused].map(([row, count]) => `${row} ${count} |`).join('\n')}
`;
}

const rowOf = ({ op, on, fault, cure }: KnownFault): string =>
  `| \`${op}\` | ${on.join(', ')} | ${fault} | ${cure === 'mended' ? 'a mended kernel runs' : cure} |`;

/** Why a graph is refused, without the node and its numbers. */
const reasonOf = ({ message }: Error): string =>
  message
    .replace(/^Node ".*?" \(\w+\) (cannot run in TF\.js: it )?/, '')
    .replace(/\.? \(node_modules\/.*$/, '')
    .replace(/(?<!\w)-?\d[\d.]*/g, '…');
