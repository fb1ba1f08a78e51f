/** Entry of the cpu worker: becomes one self-contained file. */
import { start } from '../engines/tfjs/cpu.js';
import { serve } from './host.js';

serve('cpu', start);
