/** `docs/keras.md`: what becomes of each class of layer of Keras 2 and Keras 3. */
import { ACTIVATION_NAMES } from '../../src/formats/keras/activations.js';
import { ARGUMENTS } from '../../src/formats/keras/arguments.js';
import { IDLE_RULES } from '../../src/formats/keras/idle.js';
import { FUNCTION_NAMES } from '../../src/formats/keras/operators.js';
import { REFUSALS } from '../../src/formats/keras/refusals.js';
import { RULES } from '../../src/formats/keras/rules.js';
import { CONVERT } from '../../src/formats/keras/settings.js';
import { addressOf, CLASSES, type KerasClass, PARTS } from './classes.js';

const IDLE: ReadonlySet<string> = new Set(IDLE_RULES.map(([kind]) => kind));

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** The text of a row: how a layer of the class is read, or why it is refused. */
function outcomeOf(kind: string): string {
  if (IDLE.has(kind)) return 'what it takes, unchanged';
  if (RULES.has(kind)) return 'rule';
  const { why, next } = REFUSALS.get(kind) ?? {};
  return PARTS.get(kind) ?? `refused ${why}. ${next ?? '¹'}`;
}

function rowOf({ kind, keras2, keras3, differs }: KerasClass): string {
  const link = (version: 2 | 3, path: string | undefined) => (path === undefined ? '–' : `[yes](${addressOf(version, path)})`);
  return `| \`${kind}\` | ${link(2, keras2)} | ${link(3, keras3)} | ${outcomeOf(kind)} | ${differs ?? ''} |`;
}

/** The whole page. */
export function kerasPage(): string {
  const ruled = CLASSES.filter(({ kind }) => RULES.has(kind));
  const operators = [...RULES.keys()].filter((kind) => kind.startsWith('ops.')).map((kind) => kind.slice('ops.'.length));
  const calls = [...ARGUMENTS].map(([kind, { positional = [], tensors = [], flags = [], states }]) => {
    const names = [...positional, ...tensors, ...(states === undefined ? [] : [states]), ...flags];
    return `| \`${kind}\` | ${listed(names)} |`;
  });
  return `# Keras layers

A Layers model is lowered to a graph by a rule for each class of layer, whether it is a \`.keras\` or \`.h5\` file of Keras
([what is read of those](formats.md#keras-files)) or a \`model.json\` that \`tf.LayersModel.save\` or tensorflowjs_converter wrote. A rule means what Keras means, and where Keras 2 and Keras 3 differ, what the version in the file means. Of the
${CLASSES.length} classes below ${ruled.length} have a rule. Packing refuses the others by name, with the layer, and so each field of a
layer's config and each argument of a call that no rule reads.

\`npm run keras\` makes this page from the code, and a test holds it there. \`test/keras\` has the values of each rule, worked out from
the definition, in a file of Keras 2 and in one of Keras 3; the line of each refusal; and models that Keras 3.15.1 saved, with its answers.

## Classes

The links lead to the definitions. Other names of \`keras.layers\`, such as \`AvgPool2D\`, are not classes: files have the class's own name.

| class | Keras 2.15 | Keras 3.15 | becomes | where 2 and 3 differ |
|---|---|---|---|---|
${CLASSES.map(rowOf).join('\n')}

¹ ${CONVERT}

A class that is not in the table is one of your own, whose code is not in the file. It is refused with the same advice¹.

## Activations

By name, in both versions: ${listed(ACTIVATION_NAMES)}. A layer may also be an activation: \`Dense(3, activation=LeakyReLU(0.1))\`.
\`threshold\` is refused, since its name says no threshold.

## Operators

\`x * 2\` between layers is a \`TFOpLambda\` in Keras 2, of the functions ${listed(FUNCTION_NAMES)}. In Keras 3 it is an operator of
its own: ${listed(operators)}.

## Arguments of calls

Besides its inputs, a call of a layer may have these arguments. \`training\` is that of predicting: Keras 3 replaces it, and a file of
Keras 2 that fixes it to true is refused. Masks are not computed.

| class | arguments |
|---|---|
${calls.join('\n')}
`;
}
