/** The page `backends`: who is fastest here, and what happens when the fastest dies. */
import { startRace } from './race.js';
import { startRecovery } from './recovery.js';

startRace();
startRecovery();
