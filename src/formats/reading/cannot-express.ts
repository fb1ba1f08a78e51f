/** The reason why a node of a model file becomes none of our ops. It never leaves a reader. */

/** Thrown while a node is read that our ops cannot say: a loop, or sizes that depend on values. */
export class CannotExpress extends Error {}

/** @param reason the rest of a sentence that begins with the node: `takes …` */
export const cannotExpress = (reason: string): CannotExpress => new CannotExpress(reason);
