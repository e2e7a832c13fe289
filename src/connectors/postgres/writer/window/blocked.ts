/** A change wants a value that the row at a place holds now. */
export interface Want {
  readonly ordinal: number;
  readonly place: string;
}

/**
 * Which changes can't go through because the row that holds a value they want stays as it is: it is no row of these changes, or its own
 * change is blocked. However long a chain is, this is told at once; trying would tell one link at a time. `places`: where each change's
 * present row is. Without I/O.
 */
export function blockedOrdinals(
  wants: readonly Want[],
  places: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  const placeOf = new Map([...places].map(([place, ordinal]) => [ordinal, place]));
  const wantedAt = Map.groupBy(wants, ({ place }) => place);
  const blocked = new Set<number>();
  const stuck = [...wantedAt.keys()].filter((place) => !places.has(place));
  for (let place = stuck.pop(); place !== undefined; place = stuck.pop())
    for (const { ordinal } of wantedAt.get(place) ?? []) {
      if (blocked.has(ordinal)) continue;
      blocked.add(ordinal);
      const own = placeOf.get(ordinal);
      if (own !== undefined) stuck.push(own);
    }
  return blocked;
}
