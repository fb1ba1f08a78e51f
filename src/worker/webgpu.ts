/** Entry of the webgpu worker: becomes one self-contained file. */
import { start } from '../engines/tfjs/webgpu.js';
import { serve } from './host.js';

serve('webgpu', start);
