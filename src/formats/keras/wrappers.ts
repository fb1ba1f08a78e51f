/** Layers around a layer that does the computing. */
import { multiply } from '../../graph/size.js';
import { broken } from '../file-fields.js';
import { onlyInput, type Rule, reshaped } from './rule.js';

/** Calls the inner layer once, with the steps of all examples as examples. */
const timeDistributed: Rule = (call) => {
  const x = onlyInput(call);
  const { settings, parts } = call;
  const [batch, steps, ...sizes] = x.type.shape;
  if (batch === undefined || steps === undefined || sizes.length === 0)
    throw broken(`${settings.what} takes at least 3 dimensions, batch included, but is given ${x.type.shape.length}.`);
  const examples = reshaped(call, x, [multiply(batch, steps), ...sizes]);
  const [y, ...more] = parts.callInner(settings.inner('layer'), parts.scope, [examples]);
  if (y === undefined || more.length > 0) throw settings.refused('around a layer with several outputs');
  return [reshaped(call, y, [batch, steps, ...y.type.shape.slice(1)])];
};

/** Training divides the inner layer's kernel by its largest singular value; the file has the kernel of the last division. */
const spectralNormalization: Rule = (call) => {
  const { settings, parts } = call;
  settings.value('power_iterations');
  const answer = parts.callInner(settings.inner('layer'), parts.scope, [onlyInput(call)]);
  // An archive has the inner kernel among the layer's own variables once more.
  for (const name of ['kernel', 'vector_u']) parts.weights.skip(name);
  return answer;
};

/** The layers around a layer. Bidirectional stands with the recurrent ones. */
export const WRAPPER_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['TimeDistributed', timeDistributed],
  ['SpectralNormalization', spectralNormalization],
];
