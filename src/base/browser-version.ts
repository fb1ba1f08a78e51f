/** Which browser this is, as far as a backend's behaviour goes. */

/** Engine and major version; the rest of a user agent changes with every small update. The whole of it where it is none we know. */
export function browserVersion(): string {
  const { userAgent = '' } = globalThis.navigator ?? {};
  return userAgent.match(/(Firefox|Chrome|Version)\/\d+/)?.[0] ?? userAgent;
}
