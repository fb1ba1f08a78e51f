/** Trees as tables, through which all trees are followed step by step at once. */
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { Call } from '../call.js';
import { type Branch, type Ensemble, isLeaf, type Leaf } from './tree.js';

/** Each step has eight ops. */
const MAX_STEPS = 200;

/** The least float32 above 0 that no engine takes for 0. */
const MIN_NORMAL = 2 ** -126;
const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/**
 * The forms of a feature that are compared. A missing one is NaN, which is below nothing; where it counts as below, it is -Infinity.
 */
export const FORMS = ['itself', 'negative', 'itself or below', 'negative or below'] as const;
export type Form = (typeof FORMS)[number];

/** A question: is the form of a feature below a bound? All others are made of such. */
interface Split {
  readonly form: Form;
  readonly feature: number;
  readonly bound: number;
  readonly yes: number;
  readonly no: number;
}

/**
 * Tables over the places of nodes. From a place, the next one is `next`, or the one behind it where the feature is below the bound. A
 * leaf leads to itself. All leaves lie from `firstLeaf` on.
 */
export interface Forest {
  readonly features: readonly number[];
  readonly bounds: readonly number[];
  readonly next: readonly number[];
  readonly firstLeaf: number;
  /** The leaves from `firstLeaf` on; undefined where a branch lies among them. */
  readonly leaves: readonly (Leaf | undefined)[];
  /** The place of each tree's first node. */
  readonly roots: readonly number[];
  /** The forms that are in use. A feature in a table is that of one form behind the other. */
  readonly forms: readonly Form[];
  /** How many steps lead from any first node to a leaf. */
  readonly steps: number;
}

/** @param width how many features there are */
export function forestOf(call: Call, ensemble: Ensemble, width: number): Forest {
  const splits = new Splits();
  const made = new Map<number, number>();
  for (const place of fromRoots(call, ensemble).toReversed()) {
    const node = ensemble.nodes[place] as Branch | Leaf;
    if (!isLeaf(node) && (node.feature < 0 || node.feature >= width))
      throw call.broken(`asks for the feature ${node.feature}, but takes ${width}`);
    made.set(place, isLeaf(node) ? splits.leaf(node) : splits.branch(node, made.get(node.yes) as number, made.get(node.no) as number));
  }
  const roots = ensemble.roots.map((place) => made.get(place) as number);
  const steps = roots.reduce((most, root) => Math.max(most, splits.depths[root] as number), 0);
  if (steps > MAX_STEPS) throw cannotExpress(`has a tree of ${steps} levels; the limit is ${MAX_STEPS}. Train with max_depth`);
  return { ...laidOut(splits.nodes, roots, width), steps };
}

/** The places of all nodes, each after the node that leads to it. */
function fromRoots(call: Call, { nodes, roots }: Ensemble): readonly number[] {
  const found = new Set<number>();
  const waiting = roots.toReversed();
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const node = nodes[place];
    if (node === undefined) throw call.broken(`has no node at the place ${place}`);
    if (found.has(place)) throw call.broken('has a node to which two nodes lead');
    found.add(place);
    if (!isLeaf(node)) waiting.push(node.no, node.yes);
  }
  return [...found];
}

/** Makes splits of branches. Nodes are named by their places in `nodes`. */
class Splits {
  readonly nodes: (Split | Leaf)[] = [];
  /** How many splits lie on the longest way to a leaf. */
  readonly depths: number[] = [];

  leaf(node: Leaf): number {
    this.depths.push(0);
    return this.nodes.push(node) - 1;
  }

  branch(branch: Branch, yes: number, no: number): number {
    const [value = Number.NaN] = branch.values;
    const [own, negative]: [Form, Form] = branch.missingIsYes ? ['itself or below', 'negative or below'] : ['itself', 'negative'];
    const { feature } = branch;
    switch (branch.mode) {
      case 'BRANCH_LT':
        return this.#below({ form: own, feature, bound: value, yes, no });
      case 'BRANCH_LEQ':
        return this.#upTo({ form: own, feature, bound: value, yes, no });
      case 'BRANCH_GT':
        return this.#below({ form: negative, feature, bound: -value, yes, no });
      case 'BRANCH_GTE':
        return this.#upTo({ form: negative, feature, bound: -value, yes, no });
      // A missing feature differs from every number.
      case 'BRANCH_NEQ':
        return this.#equal(['itself', 'negative'], feature, value, no, yes);
      default:
        return branch.values.reduceRight((rest, each) => this.#equal([own, negative], feature, each, yes, rest), no);
    }
  }

  #below(split: Split): number {
    if (Number.isNaN(split.bound)) throw cannotExpress('compares with NaN');
    if (split.bound === Number.NEGATIVE_INFINITY && split.form.endsWith('below')) throw cannotExpress('asks for less than -Infinity');
    this.depths.push(1 + Math.max(this.depths[split.yes] as number, this.depths[split.no] as number));
    return this.nodes.push(split) - 1;
  }

  /** Up to a number is below the next one. Nothing comes after Infinity, whose negative alone is below the least number. */
  #upTo(split: Split): number {
    if (split.bound !== Number.POSITIVE_INFINITY) return this.#below({ ...split, bound: nextFloat32(split.bound) });
    const mirrored: Form = split.form.startsWith('itself') ? 'negative' : 'itself';
    return this.#below({ ...split, no: this.#below({ ...split, form: mirrored, bound: -MAX_FLOAT32 }) });
  }

  /** A value that is not above a number, and whose negative is not above its negative, is the number. */
  #equal([own, negative]: readonly [Form, Form], feature: number, value: number, yes: number, no: number): number {
    const isNotLess = this.#upTo({ form: negative, feature, bound: -value, yes, no });
    return this.#upTo({ form: own, feature, bound: value, yes: isNotLess, no });
  }
}

/** The least float32 that is greater. Numbers so near to 0 that a GPU takes them for 0 count as 0. */
function nextFloat32(value: number): number {
  if (value >= 0 && value < MIN_NORMAL) return MIN_NORMAL;
  const floats = new Float32Array([value]);
  const bits = new Int32Array(floats.buffer);
  bits[0] = (bits[0] as number) + (value > 0 ? 1 : -1);
  return floats[0] as number;
}

/** Gives the nodes that a split leads to two places side by side, and puts those with a leaf behind all others. */
function laidOut(nodes: readonly (Split | Leaf)[], roots: readonly number[], width: number): Omit<Forest, 'steps'> {
  const leavesAt = (place: number) => Number('weights' in (nodes[place] as Split | Leaf));
  const splits = nodes.filter((node): node is Split => !('weights' in node));
  const pairs = (leaves: number) => splits.filter(({ yes, no }) => leavesAt(yes) + leavesAt(no) === leaves);
  const ofRoots = (isLeaf: number) => roots.filter((root) => leavesAt(root) === isLeaf);
  const [rootSplits, rootLeaves] = [ofRoots(0), ofRoots(1)];
  const ordered = [...pairs(0), ...pairs(1), ...pairs(2)];
  const order = [...rootSplits, ...ordered.flatMap(({ yes, no }) => [no, yes]), ...rootLeaves];
  const pairPlaces = new Map(ordered.map((split, index) => [split, rootSplits.length + 2 * index]));
  const rootPlaces = new Map([
    ...rootSplits.map((root, index) => [root, index] as const),
    ...rootLeaves.map((root, index) => [root, order.length - rootLeaves.length + index] as const),
  ]);
  const firstLeaf = rootSplits.length + 2 * pairs(0).length;
  const used = new Set(splits.map(({ form }) => form));
  const forms = FORMS.filter((form) => used.has(form));
  const at = order.map((place) => nodes[place] as Split | Leaf);
  return {
    features: at.map((node) => ('weights' in node ? 0 : forms.indexOf(node.form) * width + node.feature)),
    bounds: at.map((node) => ('weights' in node ? Number.NEGATIVE_INFINITY : node.bound)),
    next: at.map((node, place) => ('weights' in node ? place : (pairPlaces.get(node) as number))),
    firstLeaf,
    leaves: at.slice(firstLeaf).map((node) => ('weights' in node ? node : undefined)),
    roots: roots.map((root) => rootPlaces.get(root) as number),
    forms,
  };
}
