/** How the code of host parts comes into this thread. Workers have another module in this one's place (`rollup.config.mjs`). */
import type * as HostParts from './host-parts.js';

/**
 * Imports the code of the parts that JavaScript computes.
 * @param _address in workers, the module's; elsewhere bundlers follow the literal, and would object to an address that is none
 */
export const importHostParts = (_address: string | undefined): Promise<typeof HostParts> => import('./host-parts.js');
