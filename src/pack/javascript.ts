/** Strings and names as JavaScript source, for files that the packer writes and code that `pannier try` shows. Pure. */

/** Characters that could end a script element or a line, or turn the reading direction of source code. */
const UNSAFE = /[<\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The text as a single-quoted literal. */
export function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}

const isName = (key: string): boolean => /^[A-Za-z_$][\w$]*$/.test(key);

/** The text as a key of an object literal or of a type: `keypoints`, or `'key points'`. */
export const propertyName = (key: string): string => (isName(key) ? key : quote(key));

/** An access to a property: `outputs.keypoints`, or `outputs['key points']`. */
export const memberOf = (object: string, key: string): string => (isName(key) ? `${object}.${key}` : `${object}[${quote(key)}]`);

/** `MobilenetV1/heatmap_2` becomes `mobilenetV1Heatmap2`. Empty if the text has no letter or digit. */
export const camelCase = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1))
    .join('');

/** Words that cannot be the name of a variable in a module, and `undefined`, which should not. */
const RESERVED =
  /^(?:arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|with|yield)$/;

/** A variable's name for something called `name`: `movenet-lightning` becomes `movenetLightning`. Undefined if there is none. */
export function variableName(name: string): string | undefined {
  const joined = camelCase(name);
  return joined === '' || /^\d/.test(joined) || RESERVED.test(joined) ? undefined : joined;
}
