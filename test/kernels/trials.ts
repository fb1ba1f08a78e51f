/** All that a backend is tried with: the cases, then the calls that show known faults. */
import type { KernelCase } from './case.js';
import { allCases } from './cases.js';
import type { KnownFault } from './known-fault.js';
import { KNOWN_FAULTS } from './known-faults.js';

export const allTrials = (): readonly (KernelCase | KnownFault)[] => [...allCases(), ...KNOWN_FAULTS];
