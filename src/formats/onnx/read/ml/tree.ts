/** The trees of an ensemble as the file has them. */
import { describe } from '../../../../base/describe.js';
import { tensorOf } from '../../../../graph/constant.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import { constantOfTensor } from '../../tensor.js';
import type { Call } from '../call.js';

/** The questions of branches in the order of the numbers that TreeEnsemble has for them. */
const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ', 'BRANCH_MEMBER'] as const;

/** A node that compares a feature. `yes` and `no` are the places of the nodes that follow. */
export interface Branch {
  readonly mode: (typeof MODES)[number];
  readonly feature: number;
  /** One number, or those of a set. */
  readonly values: readonly number[];
  /** Whether a missing feature, which is NaN, leads to `yes` whatever the question is. */
  readonly missingIsYes: boolean;
  readonly yes: number;
  readonly no: number;
}

/** A node that adds weights to scores: pairs of a score's place and a weight. */
export interface Leaf {
  readonly weights: readonly (readonly [target: number, weight: number])[];
}

export interface Ensemble {
  readonly nodes: readonly (Branch | Leaf)[];
  /** The places of the first nodes. */
  readonly roots: readonly number[];
}

export const isLeaf = (node: Branch | Leaf): node is Leaf => 'weights' in node;

/**
 * The trees of TreeEnsembleClassifier and TreeEnsembleRegressor, whose nodes have numbers within their trees. A tree begins with the
 * first of its nodes.
 * @param kind the beginning of the attributes about leaves
 */
export function numberedTrees(call: Call, kind: 'class' | 'target'): Ensemble {
  const { attributes } = call;
  if (attributes.has('nodes_values_as_tensor') || attributes.has(`${kind}_weights_as_tensor`))
    throw cannotExpress('has weights of float64. Convert the model with FloatTensorType in place of DoubleTensorType');
  const trees = wholesOf(call, 'nodes_treeids');
  const list = <T>(name: string, values: readonly T[] | undefined) => checked(call, name, values ?? [], trees.length);
  const wholes = (name: string) => list(name, attributes.wholes(name));
  const [ids, features, yes, no] = [
    wholes('nodes_nodeids'),
    wholes('nodes_featureids'),
    wholes('nodes_truenodeids'),
    wholes('nodes_falsenodeids'),
  ];
  const modes = list('nodes_modes', attributes.texts('nodes_modes'));
  const values = list('nodes_values', attributes.numbers('nodes_values'));
  const missing = attributes.wholes('nodes_missing_value_tracks_true') ?? [];
  const places = new Map(trees.map((tree, place) => [`${tree} ${ids[place]}`, place]));
  if (places.size < trees.length) throw call.broken('has two nodes of one number in a tree');
  const placeOf = (tree: number, id: number | undefined) => {
    const place = places.get(`${tree} ${id}`);
    if (place === undefined) throw call.broken(`has no node ${id} in tree ${tree}`);
    return place;
  };
  const weights = weightsOf(call, kind, placeOf);
  const nodes = trees.map((tree, place): Branch | Leaf => {
    if (modes[place] === 'LEAF') return { weights: weights.get(place) ?? [] };
    const mode = MODES.find((each) => each === modes[place] && each !== 'BRANCH_MEMBER');
    if (mode === undefined) throw call.broken(`has a node of the mode ${describe(modes[place])}`);
    return {
      ...{ mode, feature: features[place] as number, values: [values[place] as number], missingIsYes: missing[place] === 1 },
      ...{ yes: placeOf(tree, yes[place]), no: placeOf(tree, no[place]) },
    };
  });
  const firsts = new Map<number, number>();
  for (const [place, tree] of trees.entries()) if (!firsts.has(tree)) firsts.set(tree, place);
  return { nodes, roots: [...firsts.values()] };
}

/** The weights of each leaf, by its place. */
function weightsOf(call: Call, kind: 'class' | 'target', placeOf: (tree: number, id: number | undefined) => number) {
  const trees = wholesOf(call, `${kind}_treeids`);
  const [ids, targets] = [`${kind}_nodeids`, `${kind}_ids`].map((name) =>
    checked(call, name, call.attributes.wholes(name) ?? [], trees.length),
  ) as [readonly number[], readonly number[]];
  const numbers = checked(call, `${kind}_weights`, call.attributes.numbers(`${kind}_weights`) ?? [], trees.length);
  const weights = new Map<number, (readonly [number, number])[]>();
  for (const [index, tree] of trees.entries()) {
    const place = placeOf(tree, ids[index]);
    const known = weights.get(place);
    const weight = [targets[index] as number, numbers[index] as number] as const;
    if (known === undefined) weights.set(place, [weight]);
    else known.push(weight);
  }
  return weights;
}

/** The trees of TreeEnsemble, which has branches and leaves apart. */
export function listedTrees(call: Call): Ensemble {
  const { attributes } = call;
  const features = wholesOf(call, 'nodes_featureids');
  const wholes = (name: string) => checked(call, name, attributes.wholes(name) ?? [], features.length);
  const [yes, no, yesLeaf, noLeaf] = [
    wholes('nodes_truenodeids'),
    wholes('nodes_falsenodeids'),
    wholes('nodes_trueleafs'),
    wholes('nodes_falseleafs'),
  ];
  const missing = attributes.wholes('nodes_missing_value_tracks_true') ?? [];
  const [modes, splits] = ['nodes_modes', 'nodes_splits'].map((name) => checked(call, name, tensorAt(call, name), features.length)) as [
    readonly number[],
    readonly number[],
  ];
  const targets = wholesOf(call, 'leaf_targetids');
  const weights = checked(call, 'leaf_weights', tensorAt(call, 'leaf_weights'), targets.length);
  const sets = attributes.has('membership_values') ? setsOf(tensorAt(call, 'membership_values')) : [];
  const placeOf = (list: readonly number[], leaf: readonly number[], place: number) =>
    (list[place] as number) + (leaf[place] === 0 ? 0 : features.length);
  const branches = features.map((feature, place): Branch => {
    const mode = MODES[modes[place] as number];
    if (mode === undefined) throw call.broken(`has a node of the mode ${modes[place]}`);
    const values = mode === 'BRANCH_MEMBER' ? (sets.shift() ?? []) : [splits[place] as number];
    const next = { yes: placeOf(yes, yesLeaf, place), no: placeOf(no, noLeaf, place) };
    return { mode, feature, values, missingIsYes: missing[place] === 1, ...next };
  });
  const leaves = targets.map((target, index): Leaf => ({ weights: [[target, weights[index] as number]] }));
  return { nodes: [...branches, ...leaves], roots: wholesOf(call, 'tree_roots') };
}

/** The sets of numbers between which NaN stands. */
function setsOf(numbers: readonly number[]): number[][] {
  const sets: number[][] = [[]];
  for (const number of numbers) {
    if (Number.isNaN(number)) sets.push([]);
    else (sets.at(-1) as number[]).push(number);
  }
  return sets;
}

function tensorAt(call: Call, name: string): readonly number[] {
  const tensor = call.attributes.tensor(name);
  if (tensor === undefined) throw call.broken(`lacks the attribute "${name}"`);
  return [...tensorOf(constantOfTensor(tensor, name, new Map())).data];
}

function wholesOf(call: Call, name: string): readonly number[] {
  const wholes = call.attributes.wholes(name) ?? [];
  if (wholes.length === 0) throw call.broken(`lacks the attribute "${name}"`);
  return wholes;
}

function checked<T>(call: Call, name: string, values: readonly T[], count: number): readonly T[] {
  if (values.length !== count) throw call.broken(`has ${values.length} values "${name}", of which ${count} are wanted`);
  return values;
}
