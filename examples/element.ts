/** The element of this page that a selector names; pages and programs that disagree fail at once. */
export function element<T extends HTMLElement = HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (found === null) throw new Error(`This page has no ${selector}.`);
  return found;
}
