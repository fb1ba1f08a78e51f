/** Collects notes from the first step of a load to the end of the model. */

/** Something that went less than ideally, without failing. */
export interface Note {
  readonly code: string;
  readonly message: string;
}

/** The notes of one model, in the order in which they came. */
export class Notes {
  readonly all: Note[] = [];
  /** Hears each note as it comes. */
  onNote: ((note: Note) => void) | undefined;

  readonly add = (code: string, message: string): void => {
    const note = { code, message };
    this.all.push(note);
    this.onNote?.(note);
  };
}
