/** Trusted Types: a page that enforces them runs a script only if its address has passed a policy that the page allows by name. */

interface Policy {
  createScriptURL(url: string): unknown;
}
interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

/** A policy's name can be used once per realm. Two copies of Pannier on a page share the policy under this key. */
const KEPT = Symbol.for('pannier.policy');

/**
 * Makes the address of a script of your own server acceptable to `navigator.serviceWorker.register` and `new Worker` on a
 * page that demands Trusted Types (`trusted-types pannier`).
 * @param url absolute, or relative to the page's address
 * @returns a `TrustedScriptURL` with the absolute address, typed as the string that TypeScript's libraries want; `url` itself
 * in a browser without Trusted Types
 * @throws {TypeError} in a browser with Trusted Types, if the address is of another origin or the page's list of policies lacks
 * `pannier`
 */
export function trustedScriptUrl(url: string): string {
  const realm = globalThis as { trustedTypes?: PolicyFactory; [KEPT]?: Policy };
  if (realm.trustedTypes === undefined) return url;
  realm[KEPT] ??= realm.trustedTypes.createPolicy('pannier', { createScriptURL: sameOrigin });
  return realm[KEPT].createScriptURL(url) as string;
}

/** The policy accepts addresses of this origin only: `blob:` and `data:` addresses could hold any text as a script. */
function sameOrigin(url: string): string {
  const { href } = new URL(url, location.href);
  if (href.startsWith(`${location.origin}/`)) return href;
  throw new TypeError(`A script has to be of this page's origin, but is ${url}.`);
}
