/** Which browser this is, as far as a backend's behaviour goes. */

/** The engine and its major version, since the rest of a user agent changes with every small update; an unknown user agent as a whole. */
export function browserVersion(): string {
  const { userAgent = '' } = globalThis.navigator ?? {};
  return userAgent.match(/(Firefox|Chrome|Version)\/\d+/)?.[0] ?? userAgent;
}
