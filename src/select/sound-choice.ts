/** An earlier visit's verdict, checked field by field: a disk may rot, and what it says of others is shown to the app. */
import type { Candidate } from '../api/candidate.js';
import type { Choice } from './remembered.js';

const STATES: readonly unknown[] = ['chosen', 'slower', 'refused', 'untried'] satisfies Candidate['state'][];

const TEXTS = ['backend', 'engine', 'reason'];
const NUMBERS = ['startMs', 'openMs', 'goldenMs', 'goldenShareOff', 'p50Ms'];

/** Undefined where a field is not what {@link Choice} says; `recall` has looked at `chosen` and `untilMs`. */
export function soundChoice(choice: Choice | undefined): Choice | undefined {
  if (choice === undefined) return undefined;
  const { selection, adapter } = choice;
  const isSound = Array.isArray(selection) && selection.every(isCandidate) && typeof adapter === 'string';
  return isSound ? choice : undefined;
}

function isCandidate(value: unknown): boolean {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    STATES.includes(fields['state']) &&
    TEXTS.every((key) => isLeftOutOr('string', fields[key])) &&
    NUMBERS.every((key) => isLeftOutOr('number', fields[key]))
  );
}

const isLeftOutOr = (kind: 'string' | 'number', value: unknown): boolean => value === undefined || typeof value === kind;
