/** Reads operators that stand for a subgraph of the file. */
import type { Importer, Importers } from './call.js';

/** A subgraph in the place of its call. A composite also has a name for what it computes, which its subgraph says in full. */
const inlined =
  (option: string): Importer =>
  (call) =>
    call.subgraph(call.attributes.whole(option), call.allInputs());

export const CALL_IMPORTERS: Importers = { CALL: inlined('subgraph'), STABLEHLO_COMPOSITE: inlined('decomposition_subgraph') };
