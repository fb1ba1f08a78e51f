/** Reads ops that take texts: they move places in lists, or make numbers of them. */
import type { TypedValue } from '../../../../graph/graph.js';
import { isOpen } from '../../../../graph/size.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import { TEXT_TYPE } from '../../element-types.js';
import type { Call, Importers } from '../call.js';
import { INDEXING_IMPORTERS } from '../indexing.js';
import { MOVEMENT_IMPORTERS } from '../movement.js';
import { ENCODER_IMPORTERS } from './encoders.js';
import { FEATURE_IMPORTERS } from './features.js';
import type { Vocabularies } from './texts.js';

const textsAt = (call: Call, index: number): Vocabularies => {
  const texts = call.texts(index);
  if (texts === undefined) throw call.broken(`takes texts and numbers`);
  return texts;
};

/** Texts that an op moves, and the lists that go with them. */
const moving =
  (importer: Importers[string] | undefined, listsOf: (call: Call) => Vocabularies): Importers[string] =>
  (call) => {
    call.noteTexts(0, listsOf(call));
    return (importer as Importers[string])(call);
  };

/** A cast to texts, which the input is already. */
function cast(call: Call): TypedValue {
  if (call.attributes.whole('to') !== TEXT_TYPE) throw cannotExpress('makes numbers of texts');
  call.noteTexts(0, textsAt(call, 0));
  return call.value();
}

/** The lists of columns side by side. */
function concatenated(call: Call): Vocabularies {
  const { length: rank } = call.type().shape;
  if (call.axisAt(rank, 0) !== rank - 1) throw cannotExpress('joins texts of one column');
  return call.values().flatMap(({ type }, index) => {
    const lists = textsAt(call, index);
    const width = type.shape.at(-1) as number;
    if (lists.length > 1) return lists;
    if (isOpen(width)) throw cannotExpress('joins an unknown number of columns of texts');
    return Array.from({ length: width }, () => lists[0] as Vocabularies[number]);
  });
}

/** The lists of the columns that an op takes. */
function taken(call: Call): Vocabularies {
  const lists = textsAt(call, 0);
  if (lists.length === 1) return lists;
  const { length: rank } = call.type().shape;
  const axis = call.op.endsWith('Gather') ? call.axisAt(rank, 0) : rank - 1;
  if (axis !== rank - 1) return lists;
  return call.constantNumbers(1, 'columns').map((place) => {
    const list = lists.at(place);
    if (list === undefined) throw call.broken(`takes column ${place} of ${lists.length}`);
    return list;
  });
}

/** The only list, since columns are lost in another shape. */
function only(call: Call): Vocabularies {
  const lists = textsAt(call, 0);
  if (lists.length > 1) throw cannotExpress('gives several columns of texts another shape');
  return lists;
}

export const TEXT_IMPORTERS: Importers = {
  ...ENCODER_IMPORTERS,
  Cast: cast,
  Concat: moving(MOVEMENT_IMPORTERS['Concat'], concatenated),
  Gather: moving(INDEXING_IMPORTERS['Gather'], taken),
  Reshape: moving(MOVEMENT_IMPORTERS['Reshape'], only),
  'ai.onnx.ml.ArrayFeatureExtractor': moving(FEATURE_IMPORTERS['ai.onnx.ml.ArrayFeatureExtractor'], taken),
};
