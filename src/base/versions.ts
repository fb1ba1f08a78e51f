/** Versions that decide whether a remembered verdict still holds; held to package.json by a test. */
export const VERSION = '0.1.0';
export const TFJS_VERSION = '4.22.0';
