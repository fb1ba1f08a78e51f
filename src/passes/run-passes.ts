/** The driver: runs passes over a graph until none finds anything, verifies each rewrite, and tells what changed. */
import { messageOf, PannierError } from '../base/errors.js';
import type { Graph, Node, Origin } from '../graph/graph.js';
import { verify } from '../graph/verify.js';
import type { Pass } from './pass.js';
import { type Change, WorkingGraph } from './working-graph.js';

/** One rewrite of a graph. */
export interface Rewrite extends Change {
  /** The number counts from 1. */
  readonly number: number;
  /** The name of the pass. */
  readonly pass: string;
  /** The origin of the node at which the pass found its pattern. */
  readonly origin: Origin;
}

/** A graph after passes. */
export interface Rewritten {
  readonly graph: Graph;
  /** In the order in which they were made. */
  readonly rewrites: readonly Rewrite[];
}

/** More rewrites than this for each node of the graph are endless ones: two passes may each undo what the other one does. */
const MAX_REWRITES_PER_NODE = 20;

/**
 * Runs passes, each as often as it finds its pattern, and all of them again until none does. The same graph gives the same rewrites in
 * the same order, so that a wrong one is found by bisection: see `bisect.ts`.
 * @param graph verified; it stays as it is
 * @param stopAfter at most so many rewrites are made
 * @returns the graph itself if nothing is rewritten
 * @throws {PannierError} `model-format`, naming the pass, if a rewrite makes a graph that is none, or if rewriting does not end. Both
 * are faults of the pass.
 */
export function runPasses(graph: Graph, passes: readonly Pass[], stopAfter = Number.POSITIVE_INFINITY): Rewritten {
  const working = new WorkingGraph(graph);
  const most = MAX_REWRITES_PER_NODE * (graph.nodes.length + 1);
  const rewrites: Rewrite[] = [];
  if (stopAfter > 0) {
    for (const rewrite of rewritesOf(working, passes)) {
      rewrites.push(rewrite);
      if (rewrites.length > most) throw endless(rewrites, graph);
      if (rewrites.length >= stopAfter) break;
    }
  }
  if (rewrites.length === 0) return { graph, rewrites };
  const result = working.build();
  verify(result);
  return { graph: result, rewrites };
}

/** Makes one rewrite after the other, until no pass finds anything. */
function* rewritesOf(working: WorkingGraph, passes: readonly Pass[]): Generator<Rewrite> {
  let count = 0;
  for (let before = -1; count > before; ) {
    before = count;
    for (const pass of passes)
      for (let swept = -1; count > swept; ) {
        swept = count;
        for (const { node } of working.places) {
          const change = rewriteAt(node, pass, working, count + 1);
          if (change !== undefined) yield { ...change, number: ++count, pass: pass.name, origin: node.origin };
        }
      }
  }
}

function rewriteAt(node: Node, pass: Pass, working: WorkingGraph, number: number): Change | undefined {
  try {
    const patch = pass.rewrite(node, working);
    return patch && working.apply(node, patch);
  } catch (thrown) {
    throw new PannierError(
      'model-format',
      `Pass "${pass.name}" is wrong: its rewrite (number ${number}) makes no graph. ${messageOf(thrown)} The model is not at fault; please report it.`,
      { pass: pass.name, rewrite: number, node: node.origin.name },
      { cause: thrown },
    );
  }
}

function endless(rewrites: readonly Rewrite[], { nodes }: Graph): PannierError {
  const last = rewrites.slice(-nodes.length - 2);
  const passes = [...new Set(last.map(({ pass }) => pass))];
  const where = last.at(-1) as Rewrite;
  return new PannierError(
    'model-format',
    `Passes do not come to an end: after ${rewrites.length} rewrites of ${nodes.length} nodes, ${passes.map((each) => `"${each}"`).join(' and ')} still find what to do, last at node "${where.origin.name}" (${where.origin.op}). The model is not at fault; please report it.`,
    { passes, rewrites: rewrites.length, node: where.origin.name },
  );
}
