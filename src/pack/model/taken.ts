/** Lines that say what packing took from a model's files, where no option said otherwise. */
import type { ImageOptions, InputOptions, OutputOptions, PackOptions } from '../options.js';
import type { Hints, OutputHint } from './hints.js';

/** The fields of a picture's preparation that options leave to the files. */
export function takenOfInput(key: string, hint: InputOptions | undefined, given: InputOptions | undefined): readonly string[] {
  const [known, said] = [hint?.image, given?.image];
  if (!known || said === false || given?.columns !== undefined) return [];
  const fields = Object.entries(known).filter(([field]) => said?.[field as keyof ImageOptions] === undefined);
  return fields.length === 0
    ? []
    : [`pictures of input "${key}": ${fields.map(([field, value]) => `${field} ${shown(value)}`).join(', ')}`];
}

/** The names of classes that options leave to the files. */
export function takenOfOutput(key: string, hint: OutputHint | undefined, given: OutputOptions | undefined): readonly string[] {
  const { length = 0 } = hint?.labels ?? (given?.layout === false ? [] : (hint?.detector?.labels ?? []));
  return length === 0 || given?.labels !== undefined ? [] : [`the names of ${length} classes of output "${key}"`];
}

/** Statements about the whole model. */
export const takenOfModel = (
  { about, license }: Pick<Hints, 'about' | 'license'>,
  given: Pick<PackOptions, 'license'>,
): readonly string[] => [
  ...(about === undefined ? [] : [about]),
  ...(license === undefined || given.license !== undefined ? [] : [`license ${license}`]),
];

/** A number, as a fraction if it is one of a whole number. */
function shown(value: unknown): string {
  const below = typeof value === 'number' && value > 0 && value < 1 ? Math.round(1 / value) : 0;
  return below > 0 && 1 / below === value ? `1/${below}` : String(value);
}
