/** Trusted Types: where a page enforces them, a worker's address must pass a policy that the page allows by name. */

interface Policy {
  createScriptURL(url: string): unknown;
}
interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

/** A policy's name can be taken once per realm; two copies of Pannier on a page share it here. */
const KEPT = Symbol.for('pannier.policy');

/**
 * The address as `new Worker` takes it. Only ever called with addresses of our own worker files, or
 * with what the app's `assetUrl` made of them.
 */
export function scriptUrl(url: string): unknown {
  const realm = globalThis as { trustedTypes?: PolicyFactory; [KEPT]?: Policy };
  if (realm.trustedTypes === undefined) return url;
  realm[KEPT] ??= realm.trustedTypes.createPolicy('pannier', { createScriptURL: sameOrigin });
  return realm[KEPT].createScriptURL(url);
}

/** A policy that lets everything pass would be a hole in the page's wall; a worker is of the page's origin anyway. */
function sameOrigin(url: string): string {
  if (new URL(url, location.href).origin === location.origin) return url;
  throw new TypeError(`A worker's script has to be of this page's origin, but is ${url}.`);
}
