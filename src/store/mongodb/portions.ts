/** Of texts that one query or statement names; with keys of tens of kilobytes it would else be larger than a document may be. */
const textsPerPortion = 1_000;
const unitsPerPortion = 2_000_000;

/** In order, and few enough for one query each. */
export function portionsOf<Item>(
  items: readonly Item[],
  textOf: (item: Item) => string,
): readonly (readonly Item[])[] {
  const portions: Item[][] = [];
  let units = 0;
  for (const item of items) {
    const current = portions.at(-1);
    const { length } = textOf(item);
    if (current === undefined || current.length >= textsPerPortion || units + length > unitsPerPortion) {
      portions.push([item]);
      units = length;
    } else {
      current.push(item);
      units += length;
    }
  }
  return portions;
}

export const portionsOfKeys = (keys: readonly string[]): readonly (readonly string[])[] =>
  portionsOf([...new Set(keys)], (key) => key);
