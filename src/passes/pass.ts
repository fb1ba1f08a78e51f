/**
 * A pass: one rewrite that keeps what a graph means. The driver (`run-passes.ts`) shows it one node after the other, and applies,
 * verifies and counts the patches that it gives.
 */
import type { Constant, Node, Value } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';

/** One rewrite. */
export interface Pass {
  /** Unique, as `pannier doctor --passes` prints it: `merge reshapes`. */
  readonly name: string;
  /**
   * Looks for the rewrite's pattern at one node, which is the last node of the pattern: all other nodes of the pattern come before it.
   * The driver asks until no pass finds anything at any node, so a pass must not find a pattern in what it made itself.
   * @param node which the graph has at this moment
   * @returns undefined if the pattern is not there, or where the change would not keep the meaning
   */
  readonly rewrite: (node: Node, graph: GraphView) => Patch | undefined;
}

/**
 * One change of a graph. `PatchBuilder` makes it. The driver puts the new nodes where the node stands at which the pattern was found,
 * lets all that took a value take another one instead, and removes the nodes and constants that nothing takes any more. A patch that is
 * empty removes the node at which it was found, which nothing may take.
 */
export interface Patch {
  readonly constants: readonly Constant[];
  /** Each comes after all that it takes. */
  readonly nodes: readonly Node[];
  /**
   * Values, and what is taken instead: of the same type, made by a new node, or made before all that took the value. A new value gets
   * the name of the one that it replaces.
   */
  readonly replaced: readonly (readonly [old: Value, by: Value])[];
}

/** A graph as passes see it: whole, and the same until the next patch is applied. */
export interface GraphView {
  /** The nodes in order. */
  readonly nodes: Iterable<Node>;
  /** How many patches have been applied: what was found out of the graph holds until there are more. */
  readonly patchCount: number;
  /** The constants that may equal a constant: of the same type, storage and length. In the order in which they came; it is among them. */
  constantsLike(constant: Constant): readonly Constant[];
  /** The node that makes a value; undefined for an input, a constant, and an optional input that is absent. */
  producerOf(value: Value | null | undefined): Node | undefined;
  /** The nodes that take a value, in order, each once. The graph's outputs take values, too: see {@link isOutput}. */
  usersOf(value: Value): readonly Node[];
  /** The one node that takes a value; undefined if several do, none does, or the value is an output of the graph. */
  onlyUserOf(value: Value): Node | undefined;
  /** Whether a value is an output of the graph. */
  isOutput(value: Value): boolean;
  /** The constant behind a value; undefined if a node or the app gives it. */
  constantOf(value: Value | null | undefined): Constant | undefined;
  /** The numbers of a constant, which must not be changed; undefined where {@link constantOf} is. */
  tensorOf(value: Value | null | undefined): Tensor | undefined;
  /** Whether one node stands before another. */
  isBefore(node: Node, other: Node): boolean;
  /** Whether anything takes an output of a node, or an open size that its values decide. */
  isNeeded(node: Node): boolean;
  /** A name that no value has: the wanted one, or one with a number behind it. */
  uniqueName(wanted: string): string;
}
