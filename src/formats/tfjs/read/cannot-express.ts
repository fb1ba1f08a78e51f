/** The reason why a node of a GraphDef stays a part of a TF.js graph. It never leaves the reader. */

/** Thrown while a node is read that our ops cannot say: a loop, or sizes that depend on values. */
export class CannotExpress extends Error {}

/** @param reason the rest of a sentence that begins with the node: `takes …` */
export const cannotExpress = (reason: string): CannotExpress => new CannotExpress(reason);
