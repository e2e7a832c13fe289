import type { Key } from '../../protocol/names.ts';
import type { Value } from '../../protocol/value.ts';
import { compareKeys } from './key-order.ts';

/** A row that wants one of some values, the first one rather than the second, and so on. */
export interface Wanting {
  readonly key: Key;
  readonly values: readonly Value[];
}

export interface HeldBy {
  readonly key: Key;
  readonly isOurs: boolean;
}

/** Who holds a value at the target now; undefined: not known yet. */
export type HolderOf = (value: Value) => HeldBy | null | undefined;

export interface Assignment {
  readonly value: Value;
  /** Rows of ours that are why an earlier value was not taken. */
  readonly beatenBy: readonly Key[];
  /** An earlier value was not taken, whoever holds it. */
  readonly isBeaten: boolean;
}

export interface Assigned {
  readonly taken: ReadonlyMap<Key, Assignment>;
  /** Rows of ours with a higher key that hold what was taken: they have to be assigned anew as well. */
  readonly displaced: readonly Key[];
  /** Whoever holds these has to be asked first. */
  readonly unknown: readonly { readonly key: Key; readonly value: Value }[];
}

/**
 * Gives each row the first of its values that no lower key has, nor a row that is not ours: lower keys choose first, and what one of these
 * rows holds at present counts for nothing, since it is given a value anew. So what a row gets depends on the rows alone, not on who came
 * first. A row for which nothing is left gets its first value, and is refused. Without I/O.
 *
 * | an earlier key of these rows took it | the target holds it by      | then                         |
 * |--------------------------------------|-----------------------------|------------------------------|
 * | yes                                  |                             | the next value               |
 * | no                                   | nobody, or one of these     | taken                        |
 * | no                                   | somebody else's row         | the next value               |
 * | no                                   | ours, lower, or immovable   | the next value               |
 * | no                                   | ours, higher                | taken, and the holder moves  |
 */
export function assign(
  rows: readonly Wanting[],
  { holderOf, immovable }: { readonly holderOf: HolderOf; readonly immovable: ReadonlySet<Key> },
): Assigned {
  const members = new Set(rows.map(({ key }) => key));
  const takenBy = new Map<string, Key>();
  const taken = new Map<Key, Assignment>();
  const displaced: Key[] = [];
  const unknown: { readonly key: Key; readonly value: Value }[] = [];
  for (const { key, values } of rows.toSorted((a, b) => compareKeys(a.key, b.key))) {
    const beatenBy: Key[] = [];
    let isBeaten = false;
    for (const value of values) {
      const earlier = takenBy.get(spell(value));
      const holder = earlier === undefined ? holderOf(value) : { key: earlier, isOurs: true };
      if (holder === undefined) {
        unknown.push({ key, value });
        break;
      }
      const isFree = earlier === undefined && (holder === null || members.has(holder.key));
      const mayMove =
        earlier === undefined &&
        holder?.isOurs === true &&
        !immovable.has(holder.key) &&
        compareKeys(key, holder.key) < 0;
      if (isFree || mayMove) {
        if (!isFree && holder !== null) displaced.push(holder.key);
        takenBy.set(spell(value), key);
        taken.set(key, { value, beatenBy, isBeaten });
        break;
      }
      isBeaten = true;
      if (holder?.isOurs === true) beatenBy.push(holder.key);
    }
    if (!taken.has(key) && unknown.at(-1)?.key !== key)
      taken.set(key, { value: values[0] ?? null, beatenBy, isBeaten });
  }
  return { taken, displaced, unknown };
}

/** Null is never unique, and whoever wants it has it. */
export const spell = (value: Value): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : `${typeof value} ${value}`;
