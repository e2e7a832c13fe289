/** A list in pages of at most `length`. */
export function* inPages<Item>(items: readonly Item[], length: number): Iterable<readonly Item[]> {
  for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}
