/** Pannier's version, a part of the keys under which verdicts are remembered. A test compares it with package.json. */
export const VERSION = '0.1.0';
