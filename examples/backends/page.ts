/** The page `backends`: which backend is fastest here, and what happens when that backend dies. */
import { startRace } from './race.js';
import { startRecovery } from './recovery.js';

startRace();
startRecovery();
