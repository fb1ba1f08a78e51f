/**
 * The metadata that Ultralytics appends to a .tflite: a file metadata.json, or in versions before 8.3 a text with a dict of Python. They
 * have the fields of its .onnx files, whose values are texts of Python (ultralytics/engine/exporter.py).
 */
import { readUltralytics, type Ultralytics } from '../onnx/ultralytics.js';
import { readPythonLiteral } from '../python-literal.js';

/** The metadata among the files that a model comes with; undefined if another producer wrote it. */
export function ultralyticsAmong(files: ReadonlyMap<string, string>): Ultralytics | undefined {
  for (const [name, text] of files) {
    const fields = name === 'metadata.json' ? jsonFields(text) : name.endsWith('.txt') ? pythonFields(text) : undefined;
    const found = fields && readUltralytics(fields);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The fields of a JSON object, each as Python would write it: the keys of its dicts are whole numbers, which JSON makes texts of. */
function jsonFields(text: string): ReadonlyMap<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    return new Map(Object.entries(value).map(([key, each]) => [key, typeof each === 'string' ? each : pythonText(each)]));
  } catch {
    // Another producer's file is none of ours to judge.
    return undefined;
  }
}

function pythonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value).map(([key, each]) => `${/^\d+$/.test(key) ? key : JSON.stringify(key)}: ${pythonText(each)}`)}}`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? 'None' : JSON.stringify(value);
}

function pythonFields(text: string): ReadonlyMap<string, string> | undefined {
  try {
    const dict = readPythonLiteral(text, 'The metadata');
    if (!(dict instanceof Map)) return undefined;
    const plain = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(plain);
      return value instanceof Map ? Object.fromEntries([...value].map(([key, each]) => [key, plain(each)])) : value;
    };
    return jsonFields(JSON.stringify(plain(dict)));
  } catch {
    return undefined;
  }
}
