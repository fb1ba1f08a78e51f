/** All cases: every op of the graph that an engine runs, over element types, shapes, settings and values. */
import { OPS, type OpName } from '../../src/graph/ops/index.js';
import type { CaseList, KernelCase, Subject } from './case.js';
import { binaryCases } from './ops/binary.js';
import { blocksCases } from './ops/blocks.js';
import { boxesCases } from './ops/boxes.js';
import { chainCases } from './ops/chains.js';
import { indexingCases } from './ops/indexing.js';
import { movementCases } from './ops/movement.js';
import { networkCases } from './ops/network.js';
import { quantizationCases } from './ops/quantization.js';
import { reductionCases } from './ops/reduction.js';
import { unaryCases } from './ops/unary.js';
import { windowCases } from './ops/windows.js';

let lists: ReadonlyMap<Subject, CaseList> | undefined;

function listsBySubject(): ReadonlyMap<Subject, CaseList> {
  lists ??= new Map(
    [
      unaryCases,
      binaryCases,
      reductionCases,
      movementCases,
      blocksCases,
      indexingCases,
      boxesCases,
      windowCases,
      networkCases,
      quantizationCases,
      chainCases,
    ].flatMap((make) => make().map((list) => [list.subject, list] as const)),
  );
  return lists;
}

/** What there are cases of: the ops in the order of their table, then chains. */
export const SUBJECTS: readonly Subject[] = [...(Object.keys(OPS) as OpName[]).filter((op) => op !== 'tfjsGraph'), 'chain'];

/** The cases of one op, the same ones everywhere. */
export const casesOf = (subject: Subject): readonly KernelCase[] => listsBySubject().get(subject)?.cases ?? [];

export const allCases = (): readonly KernelCase[] => SUBJECTS.flatMap(casesOf);
