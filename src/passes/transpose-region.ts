/** The ops behind which a transpose can move, and how many transposes are left then. */
import type { Node, Value } from '../graph/graph.js';
import type { GraphView } from './pass.js';
import { composed, isIdentity, type Permutation } from './permutation.js';
import { type TransposedOp, transposedOp } from './transposed-op.js';
import { untransposed } from './untransposed.js';

type Transpose = Extract<Node, { op: 'transpose' }>;

/**
 * The nodes that take their values without a transpose if it moves as far as it can, where fewer transposes are left then. It disappears
 * where it meets one that undoes it, becomes one with any other that it meets, and is needed for each value that something else takes, too.
 * @returns undefined if there would be as many transposes, or more
 */
export function regionOfFewer(transpose: Transpose, graph: GraphView): ReadonlySet<Node> | undefined {
  const regions = regionsOf(graph);
  if (!regions.has(transpose)) regions.set(transpose, findRegion(transpose, graph));
  return regions.get(transpose);
}

type Regions = Map<Node, ReadonlySet<Node> | undefined>;

/** The regions that were found since the last patch: each of a thousand nodes that take one transpose asks for the same. */
const found = new WeakMap<GraphView, { readonly patchCount: number; readonly regions: Regions }>();

function regionsOf(graph: GraphView): Regions {
  const { patchCount } = graph;
  const last = found.get(graph);
  if (last?.patchCount === patchCount) return last.regions;
  const regions: Regions = new Map();
  found.set(graph, { patchCount, regions });
  return regions;
}

function findRegion(transpose: Transpose, graph: GraphView): ReadonlySet<Node> | undefined {
  const apart = new Set<Value>();
  for (;;) {
    const region = new Region(transpose, graph, apart);
    region.grow();
    const kept = region.sharedOutside();
    if (kept.length === 0) return region.isOfFewer() ? new Set(region.moved.keys()) : undefined;
    for (const constant of kept) apart.add(constant);
  }
}

/** How many ops one behind the other are followed back from an input. */
const MAX_DEPTH = 4;

/** A region of so many nodes that is of fewer transposes already grows no further: else each transpose of a long network would be followed to its end. */
const LARGE = 100;

class Region {
  readonly moved = new Map<Node, TransposedOp>();
  readonly #start: Transpose;
  readonly #graph: GraphView;
  /** Constants that stay as they are, since nodes outside of the region take them, too. */
  readonly #apart: ReadonlySet<Value>;
  /** The values behind transposes that move, and the permutations of these. */
  readonly #carried = new Map<Value, Permutation>();
  /** The transposes that become one with a transpose that moves. */
  readonly #merged = new Set<Node>();
  /** Constants that several nodes take, all of which have to move. */
  readonly #shared = new Set<Value>();
  #left: Value[] = [];

  constructor(start: Transpose, graph: GraphView, apart: ReadonlySet<Value>) {
    this.#start = start;
    this.#graph = graph;
    this.#apart = apart;
  }

  grow(): void {
    this.#carry(this.#start.outputs[0] as Value, this.#start.attributes.permutation);
    let waiting = new Set<Node>();
    let large = LARGE;
    while (this.#left.length > 0) {
      for (let value = this.#left.pop(); value !== undefined; value = this.#left.pop()) {
        for (const user of this.#graph.usersOf(value)) if (!this.#take(user, value)) waiting.add(user);
        if (this.moved.size < large) continue;
        if (this.sharedOutside().length === 0 && this.isOfFewer()) return;
        large *= 2;
      }
      // A node that waited for another input may move now.
      const again = waiting;
      waiting = new Set();
      for (const node of again) {
        const value = node.inputs.find((each) => each !== null && this.#carried.has(each)) as Value;
        if (!this.#take(node, value)) waiting.add(node);
      }
    }
  }

  /** The constants that nodes outside of the region take, too. */
  sharedOutside(): readonly Value[] {
    return [...this.#shared].filter((value) => this.#isNeeded(value));
  }

  /** Whether fewer transposes are needed at the ends of the region than disappear, with the one that moves. */
  isOfFewer(): boolean {
    const needed = [...this.#carried.keys()].filter((value) => this.#isNeeded(value));
    return needed.length < 1 + this.#merged.size + this.#beside().size;
  }

  /** The transposes beside the one that moves, behind which the same nodes move. */
  #beside(): ReadonlySet<Node> {
    const beside = new Set<Node>();
    for (const [{ inputs }, { transposed }] of this.moved)
      for (const input of inputs.slice(0, transposed)) {
        const producer = this.#graph.producerOf(input);
        const isBeside = producer?.op === 'transpose' && producer !== this.#start && !this.#merged.has(producer);
        if (isBeside && !this.#isNeeded(input as Value)) beside.add(producer);
      }
    return beside;
  }

  /** Whether a node other than those that move or merge takes a value, or the graph gives it. */
  #isNeeded(value: Value): boolean {
    const isFree = (user: Node): boolean =>
      this.#merged.has(user) || user.inputs.lastIndexOf(value) < (this.moved.get(user)?.transposed ?? 0);
    return this.#graph.isOutput(value) || !this.#graph.usersOf(value).every(isFree);
  }

  #carry(value: Value, permutation: Permutation): void {
    this.#carried.set(value, permutation);
    this.#left.push(value);
  }

  /** Lets the user of a carried value move, or merge. @returns false if it cannot, or not yet */
  #take(user: Node, value: Value): boolean {
    if (this.moved.has(user) || this.#merged.has(user)) return true;
    const permutation = this.#carried.get(value) as Permutation;
    if (user.op === 'transpose') {
      this.#merged.add(user);
      const both = composed(permutation, user.attributes.permutation);
      if (!isIdentity(both)) this.#carry(user.outputs[0] as Value, both);
      return true;
    }
    const found: Found = { ops: new Map(), shared: [] };
    if (!this.#canMove(user, permutation, found)) return false;
    for (const constant of found.shared) this.#shared.add(constant);
    for (const [node, op] of found.ops) {
      this.moved.set(node, op);
      if (!isIdentity(op.permutation)) for (const output of node.outputs) this.#carry(output, op.permutation);
    }
    return true;
  }

  /** Whether a node can take its inputs without transposes. Those of its producers that have to move as well are found on the way. */
  #canMove(node: Node, permutation: Permutation, found: Found, depth = 0): boolean {
    const op = transposedOp(node, permutation);
    if (op === undefined || (depth > 0 && `${op.permutation}` !== `${permutation}`)) return false;
    const inputs = node.inputs.slice(0, op.transposed) as readonly Value[];
    if (!inputs.every((input) => this.#isWithout(input, permutation, node, found, depth))) return false;
    found.ops.set(node, op);
    return true;
  }

  #isWithout(input: Value, permutation: Permutation, node: Node, found: Found, depth: number): boolean {
    const carried = this.#carried.get(input);
    if (carried !== undefined) return `${carried}` === `${permutation}`;
    if (untransposed(input as never, permutation, node, this.#graph) !== undefined) return true;
    if (this.#graph.constantOf(input) !== undefined) {
      found.shared.push(input);
      return !this.#apart.has(input) && untransposed(input as never, permutation, node, this.#graph, true) !== undefined;
    }
    const producer = this.#graph.producerOf(input);
    if (producer === undefined || depth === MAX_DEPTH) return false;
    return found.ops.has(producer) || this.#canMove(producer, permutation, found, depth + 1);
  }
}

/** The values that move together with a node. */
interface Found {
  readonly ops: Map<Node, TransposedOp>;
  readonly shared: Value[];
}
