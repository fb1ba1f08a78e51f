/** Versions that are part of the keys under which verdicts are remembered. A test compares them with package.json. */
export const VERSION = '0.1.0';
export const TFJS_VERSION = '4.22.0';
