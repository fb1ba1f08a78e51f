/** Names that code can use, made of names that graphs and folders have. */

/** `MobilenetV1/heatmap_2` → `mobilenetV1Heatmap2`; empty where no letter or digit is. */
export const camelCase = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1))
    .join('');
