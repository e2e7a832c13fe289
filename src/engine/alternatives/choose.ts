import type { Key } from '../../protocol/names.ts';
import type { Row, Value } from '../../protocol/value.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import type { KeyedRow } from '../walk/confirm.ts';
import { assign, type HeldBy, spell, type Wanting } from './assign.ts';

export interface Chosen {
  /** The rows that were given, with the values that they get. */
  readonly rows: readonly KeyedRow[];
  /** Rows with higher keys that hold such a value and have to give way, with what they get instead. */
  readonly giving: readonly KeyedRow[];
  /** Rows that did not get their first value → rows of ours that are why; none: a row that is not ours is. */
  readonly beaten: ReadonlyMap<Key, readonly Key[]>;
}

/** What the mapping makes of keys now, as `readExpected` answers. */
export type ReadRows = (keys: readonly Key[]) => Promise<readonly KeyedRow[]>;

export const hasAlternatives = ({ plan }: Pick<CollectionWork, 'plan'>): boolean =>
  plan.alternatives.size > 0;

/** Longer chains of rows that make each other give way are cut here, and go on with the next pass. */
const mostRounds = 20;

/** Gives rows their values of columns with alternatives, and finds out who has to give way for that. Writes nothing. */
export async function chooseAlternatives(
  work: Pick<CollectionWork, 'plan' | 'target' | 'context'>,
  rows: readonly KeyedRow[],
  read: ReadRows,
): Promise<Chosen> {
  const choice = new Choice(work, rows);
  for (let round = 0; round < mostRounds; round += 1) {
    const displaced = await choice.assignAll();
    if (displaced.length === 0) break;
    choice.join(displaced, await read(displaced));
  }
  return choice.result(new Set(rows.map(({ key }) => key)));
}

class Choice {
  readonly #work: Pick<CollectionWork, 'plan' | 'target' | 'context'>;
  readonly #members = new Map<Key, Row>();
  readonly #immovable = new Set<Key>();
  /** By column, then by value. */
  readonly #holders = new Map<string, Map<string, HeldBy | null>>();
  #chosen = new Map<Key, Row>();
  #beaten = new Map<Key, readonly Key[]>();

  constructor(work: Pick<CollectionWork, 'plan' | 'target' | 'context'>, rows: readonly KeyedRow[]) {
    this.#work = work;
    for (const { key, row } of rows) this.#members.set(key, row);
  }

  /** Keys that have to join. */
  async assignAll(): Promise<readonly Key[]> {
    this.#chosen = new Map(this.#members);
    this.#beaten = new Map();
    const displaced = new Set<Key>();
    for (const column of this.#work.plan.alternatives.keys())
      for (const key of await this.#assign(column)) displaced.add(key);
    return [...displaced].filter((key) => !this.#members.has(key));
  }

  /** Who has no row at the source is about to leave: until then it stays where it is. */
  join(keys: readonly Key[], rows: readonly KeyedRow[]): void {
    for (const { key, row } of rows) this.#members.set(key, row);
    for (const key of keys) if (!this.#members.has(key)) this.#immovable.add(key);
  }

  result(given: ReadonlySet<Key>): Chosen {
    const all = [...this.#chosen].map(([key, row]) => ({ key, row }));
    return {
      rows: all.filter(({ key }) => given.has(key)),
      giving: all.filter(({ key }) => !given.has(key)),
      beaten: this.#beaten,
    };
  }

  async #assign(column: string): Promise<readonly Key[]> {
    const wanting = [...this.#members].map(
      ([key, row]): Wanting => ({ key, values: this.#valuesOf(column, row) }),
    );
    const known = this.#holdersOf(column);
    const holderOf = (value: Value) => (value === null ? null : known.get(spell(value)));
    for (;;) {
      const { taken, displaced, unknown } = assign(wanting, { holderOf, immovable: this.#immovable });
      if (unknown.length > 0) {
        await this.#ask(column, unknown);
        continue;
      }
      for (const [key, { value, beatenBy, isBeaten }] of taken) {
        const row = this.#chosen.get(key) ?? {};
        if (row[column] !== value) this.#chosen.set(key, { ...row, [column]: value });
        if (isBeaten) this.#beaten.set(key, [...(this.#beaten.get(key) ?? []), ...beatenBy]);
      }
      return displaced;
    }
  }

  #valuesOf(column: string, row: Row): readonly Value[] {
    const first = row[column] ?? null;
    // Who wants null is not in anybody's way.
    if (first === null) return [null];
    const further = this.#work.plan.alternatives.get(column)?.(row) ?? [];
    return [first, ...further.filter((value) => value !== first)];
  }

  #holdersOf(column: string): Map<string, HeldBy | null> {
    const known = this.#holders.get(column) ?? new Map<string, HeldBy | null>();
    this.#holders.set(column, known);
    return known;
  }

  /** Nothing but the key and the value: what else a row holds may be what the target can't take. */
  #asking(key: Key, column: string, value: Value): Row {
    const row = this.#members.get(key) ?? {};
    const { columns, key: keyColumns } = this.#work.plan;
    const blank = columns.map(({ target }) => [
      target,
      keyColumns.includes(target) ? (row[target] ?? null) : null,
    ]);
    return { ...Object.fromEntries(blank), [column]: value };
  }

  /** Rows that want these values are shown to the target; who of them holds one himself is one of us. */
  async #ask(
    column: string,
    unknown: readonly { readonly key: Key; readonly value: Value }[],
  ): Promise<void> {
    const { target, context } = this.#work;
    const known = this.#holdersOf(column);
    const rows = unknown.map(({ key, value }) => this.#asking(key, column, value));
    const holders = await target.holders(rows, { signal: context.signal });
    for (const [index, { value }] of unknown.entries()) {
      const holder = holders[index]?.find(({ columns }) => columns.length === 1 && columns[0] === column);
      known.set(spell(value), holder === undefined ? null : { key: holder.key, isOurs: holder.isOurs });
    }
  }
}
