/** Makes elements; text is never read as HTML. */

type Child = Node | string | undefined;

/** An element with properties, `data-` and `aria-` attributes, and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<Omit<HTMLElementTagNameMap[Tag], 'dataset' | 'style'>> & { readonly data?: Readonly<Record<string, string>> } = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const { data, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest) as HTMLElementTagNameMap[Tag];
  Object.assign(made.dataset, data);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element of the page that an id names. */
export function byId<Made extends HTMLElement = HTMLElement>(id: string): Made {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`This page has no #${id}.`);
  return found as Made;
}

/** A control under its label. */
export const labelled = (label: string, control: HTMLElement, hint?: string): HTMLLabelElement =>
  make('label', { className: 'field' }, make('span', {}, label), control, hint === undefined ? undefined : make('small', {}, hint));

/** A select whose options are values with their texts. */
export function choice<Value extends string>(
  options: Readonly<Partial<Record<Value, string>>>,
  value: Value,
  onChoice: (value: Value) => void,
): HTMLSelectElement {
  const select = make(
    'select',
    {},
    ...Object.entries(options).map(([each, text]) => make('option', { value: each, selected: each === value }, text as string)),
  );
  select.addEventListener('change', () => onChoice(select.value as Value));
  return select;
}

/** A one-line text; told of while it is typed, and once more when it is finished. */
export function textBox(value: string, onText: (text: string, finished: boolean) => void, properties: Partial<HTMLInputElement> = {}) {
  const box = make('input', { type: 'text', value, spellcheck: false, autocomplete: 'off', ...properties });
  box.addEventListener('input', () => onText(box.value, false));
  box.addEventListener('change', () => onText(box.value, true));
  return box;
}
