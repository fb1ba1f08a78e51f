/** The nodes of an ONNX graph that hold their result. */
import { constantOf as constantOfNumbers } from '../../../graph/constant.js';
import type { DataType } from '../../../graph/element-type.js';
import { DATA_TYPES } from '../../../graph/element-type.js';
import type { Constant } from '../../../graph/graph.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { NodeProto } from '../proto.js';
import { constantOfTensor, type ExternalFiles } from '../tensor.js';
import { Attributes } from './attributes.js';
import { originOf } from './call.js';

/** The constant of a node `Constant`, whose name is that of its output. */
export function constantOf(node: NodeProto, files: ExternalFiles): Constant {
  const attributes = new Attributes(node.attributes, originOf(node));
  const name = node.outputs[0] ?? '';
  const tensor = attributes.tensor('value');
  if (tensor !== undefined) return constantOfTensor(tensor, name, files);
  const made = (dataType: DataType, values: readonly number[], shape: readonly number[]) =>
    constantOfNumbers(name, { dataType, shape, data: DATA_TYPES[dataType].from(values) });
  if (attributes.has('value_float')) return made('float32', [attributes.number('value_float', 0)], []);
  if (attributes.has('value_int')) return made('int64', [attributes.whole('value_int')], []);
  const [numbers, wholes] = [attributes.numbers('value_floats'), attributes.wholes('value_ints')];
  if (numbers !== undefined) return made('float32', numbers, [numbers.length]);
  if (wholes !== undefined) return made('int64', wholes, [wholes.length]);
  throw cannotExpress('holds texts or a sparse tensor');
}
