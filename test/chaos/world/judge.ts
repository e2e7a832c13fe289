import { expect } from 'vitest';
import { expectSameTable } from '../../support/export.ts';
import { openSession, type Session } from './ask.ts';
import { type Places, pipeline } from './configuration.ts';
import { openStore } from './open-store.ts';

/** `heldBack`: the guard's rows are all still there; else none is. */
export interface Verdict {
  readonly heldBack: boolean;
}

const poisoned = `SELECT code FROM shop.notes WHERE body = 'poison'`;

/** What both sides must show, each in its own words; the poison and what hangs on it left out on either. */
const comparisons = (
  poison: string,
  { live, incremental }: Places,
): readonly { source: string; target: string; key: readonly string[] }[] => [
  ...['people', 'orders', 'prices', 'likes', 'archive'].map((table) =>
    same(`SELECT * FROM shop.${table}`, ['id']),
  ),
  same('SELECT * FROM shop.lines', ['order_id', 'line']),
  ...(incremental
    ? []
    : live === undefined
      ? [same('SELECT * FROM shop.readings', []), same('SELECT * FROM shop.visits', ['id'])]
      : ['meters', 'pages', 'logbook'].map((table) => same(`SELECT * FROM shop.${table}`, ['id']))),
  same(`SELECT * FROM shop.notes WHERE code NOT IN (${poison})`, ['code']),
  same(`SELECT * FROM shop.comments WHERE note NOT IN (${poison})`, ['id']),
  {
    source: `SELECT id, upper(label) AS label FROM shop.tags WHERE label NOT IN ('hidden', 'broken') AND id < 1000`,
    target: `SELECT * FROM shop.tags WHERE id < 1000`,
    key: ['id'],
  },
];

const same = (query: string, key: readonly string[]) => ({ source: query, target: query, key });

/** A connection to either side, for as many looks as one likes. */
export interface Sides extends AsyncDisposable {
  readonly source: Session;
  readonly target: Session;
}

export async function openSides(places: Places): Promise<Sides> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await openSession(places.source));
  const target = opened.use(await openSession(places.target));
  const kept = opened.move();
  return { source, target, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Both sides are equal under the mapping, what is not ours is as it was, and the letters are exactly the planted poison. */
export async function judge(places: Places, verdict: Verdict): Promise<void> {
  await using sides = await openSides(places);
  await judgeSides(places, verdict, sides);
}

export async function judgeSides(
  places: Places,
  { heldBack }: Verdict,
  { source, target }: Pick<Sides, 'source' | 'target'>,
): Promise<void> {
  const held = `SELECT id FROM shop.archive WHERE id > 150 AND id <= 300`;
  const kept = await target.ask<{ id: number }>(held);
  expect(kept, 'rows that the guard holds back').toHaveLength(heldBack ? 150 : 0);
  const poison = await source.ask<{ code: string }>(poisoned);
  const list = ["''", ...poison.map(({ code }) => `'${code}'`)].join(', ');
  const compared = comparisons(list, places).map((each) => ({
    source: each.source,
    ours: each.target.includes('shop.archive') ? `${each.target} WHERE id <= 150 OR id > 300` : each.target,
    key: each.key,
  }));
  await expectSameSums({ source, target }, compared);
  for (const { source: theirs, ours, key } of compared) {
    await expectSameTable(
      { url: places.source, client: source.client, query: theirs, key },
      { url: places.target, client: target.client, query: ours, key },
    );
  }
  await expectItsIndexes(target);
  const theirs = await target.ask<{ id: number; label: string }>(
    'SELECT id, label FROM shop.tags WHERE id >= 1000 ORDER BY id',
  );
  expect(theirs, 'rows of others').toEqual(
    Array.from({ length: 11 }, (_, index) => ({ id: 1000 + index, label: 'THEIRS' })),
  );
  expect(await lettersOf(places), 'dead letters').toEqual(await plantedPoison(source));
}

/** Whoever died while they were off has not taken them along. */
async function expectItsIndexes(target: Session): Promise<void> {
  const indexes = await target.ask<{ name: string; valid: boolean }>(
    `SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
     WHERE i.indrelid = 'shop.visits'::regclass ORDER BY 1`,
  );
  expect(indexes, 'indexes of visits').toEqual([
    { name: 'visits_by_page', valid: true },
    { name: 'visits_pkey', valid: true },
  ]);
}

/** What is seen at a glance need not be exported: who waits for both sides to be equal looks often. */
async function expectSameSums(
  { source, target }: { readonly source: Session; readonly target: Session },
  compared: readonly { readonly source: string; readonly ours: string }[],
): Promise<void> {
  const ofSource = await sumsOf(
    source,
    compared.map((each) => each.source),
  );
  const ofTarget = await sumsOf(
    target,
    compared.map(({ ours }) => ours),
  );
  for (const [index, { source: query }] of compared.entries())
    expect(ofTarget[index], `rows and hash of ${query}`).toBe(ofSource[index]);
}

/** In the order of the queries: a server that works in parallel has its own. */
async function sumsOf(session: Session, queries: readonly string[]): Promise<readonly string[]> {
  const sums = queries.map(
    (query, place) =>
      `SELECT ${place} AS place, count(*)::text || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS sum FROM (${query}) AS t`,
  );
  const rows = await session.ask<{ sum: string }>(`${sums.join(' UNION ALL ')} ORDER BY place`);
  return rows.map(({ sum }) => sum);
}

/** What can't be applied, by the source alone. */
async function plantedPoison(source: Session): Promise<readonly string[]> {
  const found = await source.ask<{ letter: string }>(
    `SELECT 'shop.notes ["' || code || '"] value-refused' AS letter FROM shop.notes WHERE body = 'poison'
     UNION ALL
     SELECT 'shop.comments ["' || id || '"] reference-missing' FROM shop.comments WHERE note IN (${poisoned})
     UNION ALL
     SELECT 'shop.tags ["' || id || '"] mapping-failed' FROM shop.tags WHERE label = 'broken'
     UNION ALL
     SELECT 'shop.tags ["' || id || '"] key-clash' FROM shop.tags WHERE id >= 1000`,
  );
  return found.map(({ letter }) => letter).sort();
}

export async function lettersOf({ store: place }: Places): Promise<readonly string[]> {
  await using store = await openStore(place);
  const letters = await store.deadLetters.list(pipeline, { limit: 10_000 });
  return letters.map(({ collection, key, code }) => `${collection} ${key} ${code}`).sort();
}
