/** Puts the weights of reached leaves together. */
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { Call } from '../call.js';
import type { Forest } from './forest.js';
import { MAX_MADE, table } from './table.js';
import { type Ensemble, isLeaf, type Leaf } from './tree.js';

/** The function that puts the weights of trees together. */
export type Aggregate = 'SUM' | 'AVERAGE' | 'MIN' | 'MAX';

const REDUCTIONS = { SUM: 'reduceSum', AVERAGE: 'reduceMean', MIN: 'reduceMin', MAX: 'reduceMax' } as const;

/**
 * The scores of rows: [batch, scores].
 * @param places of the leaves that rows reach in trees: [batch, trees]
 */
export function aggregated(
  call: Call,
  ensemble: Ensemble,
  { leaves, firstLeaf }: Forest,
  places: TypedValue,
  count: number,
  aggregate: Aggregate,
): TypedValue {
  const stray = leaves.flatMap((leaf) => leaf?.weights ?? []).find(([target]) => target < 0 || target >= count);
  if (stray !== undefined) throw call.broken(`has a weight for the score ${stray[0]}, but ${count} scores`);
  // A leaf without a weight adds nothing to a sum, but is not the least or the greatest.
  const lacks = (leaf: Leaf | undefined) => leaf !== undefined && new Set(targetsOf(leaf)).size < count;
  if ((aggregate === 'MIN' || aggregate === 'MAX') && leaves.some(lacks))
    throw cannotExpress(`takes the ${aggregate} over trees that lack a weight for some score`);
  const rows = call.apply('sub', places, call.number(firstLeaf, 'int32'));
  const taken = (weights: TypedValue) => call.step('gather', [weights, rows], { axis: 0, batchDimensions: 0 });
  const targets = count > 1 && (aggregate === 'SUM' || aggregate === 'AVERAGE') ? onlyTargets(ensemble) : undefined;
  const made = (targets === undefined ? leaves.length : targets.length) * count;
  if (made > MAX_MADE) throw cannotExpress(`has ${count} scores for so many leaves or trees that a table has ${made} numbers`);
  if (targets === undefined) {
    const weights = taken(table(call, 'weights', 'float32', denseWeights(leaves, count, aggregate), [leaves.length, count]));
    return call.step(REDUCTIONS[aggregate], [weights], { axes: [1], keepDimensions: false });
  }
  const sums = leaves.map((leaf) => (leaf?.weights ?? []).reduce((sum, [, weight]) => sum + weight, 0));
  const share = aggregate === 'AVERAGE' ? 1 / targets.length : 1;
  const spread = targets.flatMap((target) => Array.from({ length: count }, (_, each) => (each === target ? share : 0)));
  return call.apply('matmul', taken(table(call, 'weights', 'float32', sums)), call.numbers('float32', spread, [targets.length, count]));
}

function denseWeights(leaves: readonly (Leaf | undefined)[], count: number, aggregate: Aggregate): readonly number[] {
  const weights = new Array<number>(leaves.length * count).fill(0);
  for (const [index, leaf] of leaves.entries()) {
    const seen = new Set<number>();
    for (const [target, weight] of leaf?.weights ?? []) {
      const place = index * count + target;
      const before = weights[place] as number;
      if (!seen.has(target)) weights[place] = weight;
      else if (aggregate === 'MIN') weights[place] = Math.min(before, weight);
      else if (aggregate === 'MAX') weights[place] = Math.max(before, weight);
      else weights[place] = before + weight;
      seen.add(target);
    }
  }
  return weights;
}

/** The only score that each tree has weights for, as boosted trees of several classes have; undefined if a tree has weights for more. */
function onlyTargets(ensemble: Ensemble): readonly number[] | undefined {
  const targets = leavesByTree(ensemble).map((leaves) => new Set(leaves.flatMap(targetsOf)));
  return targets.some(({ size }) => size > 1) ? undefined : targets.map(([target = 0]) => target);
}

/** The scores for which each leaf of some tree has a weight. */
export function scoredForSure(ensemble: Ensemble): ReadonlySet<number> {
  return new Set(
    leavesByTree(ensemble).flatMap(([first, ...others]) => {
      const rest = others.map((leaf) => new Set(targetsOf(leaf)));
      return first === undefined ? [] : targetsOf(first).filter((target) => rest.every((targets) => targets.has(target)));
    }),
  );
}

const targetsOf = ({ weights }: Leaf): readonly number[] => weights.map(([target]) => target);

/** Each node counts once: a tree that leads back into itself is refused where its table is made. */
const leavesByTree = ({ nodes, roots }: Ensemble): readonly (readonly Leaf[])[] =>
  roots.map((root) => {
    const leaves: Leaf[] = [];
    const found = new Set<number>();
    const waiting = [root];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      const node = nodes[place];
      if (node === undefined || found.has(place)) continue;
      found.add(place);
      if (isLeaf(node)) leaves.push(node);
      else waiting.push(node.no, node.yes);
    }
    return leaves;
  });
