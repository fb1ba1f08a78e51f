/** Whether anybody has written into the objects that all others inherit from. */

const PROTOTYPES = { Object, Array, Function, String, Number, Promise, Map, Error, ArrayBuffer, Uint8Array };

type Field = readonly [owner: string, key: string | symbol, value: unknown];

function fields(): Field[] {
  return Object.entries(PROTOTYPES).flatMap(([owner, { prototype }]) =>
    Reflect.ownKeys(prototype).map((key): Field => {
      const { value, get } = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
      return [owner, key, get ?? value];
    }),
  );
}

/**
 * Looks at all of them now.
 * @returns looks again, and throws where one has changed
 */
export function watchPrototypes(): () => void {
  const before = fields();
  return () => {
    if (Object.keys({}).length > 0 || ({} as { polluted?: unknown }).polluted !== undefined)
      throw new Error('Object.prototype was polluted.');
    const now = fields();
    const changed = now.find(([, key, value], index) => before[index]?.[1] !== key || before[index]?.[2] !== value) ?? before[now.length];
    if (changed !== undefined) throw new Error(`${changed[0]}.prototype was changed: ${String(changed[1])}`);
  };
}
