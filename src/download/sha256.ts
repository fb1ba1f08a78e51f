/** SHA-256 in JavaScript, for pages that are no secure context: those have no `crypto.subtle`. */
export { sha256 } from '@noble/hashes/sha2.js';
