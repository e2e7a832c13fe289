/**
 * Which collection is meant: the one of this name, or the only one that is called so in any schema. Null: none, or more than one.
 */
export function collectionNamed(name: string, known: Iterable<string>): string | null {
  const all = [...known];
  if (all.includes(name)) return name;
  const [only, another] = all.filter((each) => each.endsWith(`.${name}`));
  return only !== undefined && another === undefined ? only : null;
}
