/** JSON as bytes, for small values in a cache. */

export const toBytes = (value: unknown): ArrayBuffer => new TextEncoder().encode(JSON.stringify(value)).buffer;

/** The caller checks the type of the result. @throws {SyntaxError} if the bytes are no JSON */
export const fromBytes = (bytes: ArrayBuffer): unknown => JSON.parse(new TextDecoder().decode(bytes));
