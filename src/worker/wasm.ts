/** Entry of the wasm worker: becomes one self-contained file. */
import { start } from '../engines/tfjs/wasm.js';
import { serve } from './host.js';

serve('wasm', start);
