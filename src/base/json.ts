/** Small values as a cache keeps them. */

export const toBytes = (value: unknown): ArrayBuffer => new TextEncoder().encode(JSON.stringify(value)).buffer;

/** @throws {SyntaxError} for what is no JSON; what it is has to be looked at */
export const fromBytes = (bytes: ArrayBuffer): unknown => JSON.parse(new TextDecoder().decode(bytes));
