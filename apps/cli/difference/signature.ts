/** The changes from one signature to another, as far as an app sees them: inputs, outputs, their types, labels and preprocessing. */
import type { ColumnSpec, InputSpec, Manifest, OutputSpec } from '../../../src/manifest/manifest.js';

/** One change. */
export interface SignatureChange {
  readonly side: 'input' | 'output';
  /** Name of the input or output. */
  readonly name: string;
  /** The changed field, such as `shape` or `image width`; undefined if the whole input or output came or went. */
  readonly field: string | undefined;
  /** Undefined where there was none. */
  readonly old: unknown;
  /** Undefined where there is none. */
  readonly new: unknown;
}

type Signature = Manifest['signature'];
type Fields = Readonly<Record<string, unknown>>;

/** The changes, those of inputs first. */
export function signatureChanges(old: Signature, now: Signature): SignatureChange[] {
  return [...changesOf('input', old.inputs, now.inputs), ...changesOf('output', old.outputs, now.outputs)];
}

function changesOf(
  side: SignatureChange['side'],
  old: Readonly<Record<string, InputSpec | OutputSpec>>,
  now: Readonly<Record<string, InputSpec | OutputSpec>>,
): SignatureChange[] {
  return keysOf(old, now).flatMap((name) => {
    const [before, after] = [own(old, name), own(now, name)];
    if (before === undefined || after === undefined) return [{ side, name, field: undefined, old: before, new: after }];
    return fieldChanges('', byColumn(before, after), byColumn(after, before)).map((change) => ({ side, name, ...change }));
  });
}

/** The names of both, each once, in the order of the old one. */
const keysOf = (old: object, now: object): string[] => [...new Set([...Object.keys(old), ...Object.keys(now)])];

const own = <T>(specs: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(specs, name) ? specs[name] : undefined);

/** A spec with its columns by name, where the other spec has columns, too. */
function byColumn(spec: InputSpec | OutputSpec, other: InputSpec | OutputSpec): Fields {
  const [columns, others] = [columnsOf(spec), columnsOf(other)];
  if (columns === undefined || others === undefined) return { ...spec };
  const names = others.map(({ name }) => name);
  const common = columns.filter(({ name }) => names.includes(name)).map(({ name, ...column }) => [name, column]);
  return { ...spec, columns: columns.map(({ name }) => name), column: Object.fromEntries(common) };
}

const columnsOf = (spec: Fields | InputSpec | OutputSpec): readonly ColumnSpec[] | undefined =>
  (spec as { readonly columns?: readonly ColumnSpec[] }).columns;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldChanges(path: string, old: unknown, now: unknown): Pick<SignatureChange, 'field' | 'old' | 'new'>[] {
  if (isFields(old) && isFields(now))
    return keysOf(old, now).flatMap((key) => fieldChanges(path === '' ? key : `${path} ${key}`, own(old, key), own(now, key)));
  return JSON.stringify(old) === JSON.stringify(now) ? [] : [{ field: path, old, new: now }];
}
