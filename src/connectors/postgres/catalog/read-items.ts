import type { BatchRows, BatchStatement, Parameter } from '../session/batch.ts';
import type { Session } from '../session/session.ts';

export interface CatalogueQuery {
  readonly sql: string;
  readonly values: readonly (string | number | readonly string[])[];
}

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The rows of a catalogue query, each of which is one JSON document in the column `item`. */
export async function readItems<Item>(
  session: Session,
  { signal, ...query }: CatalogueQuery & AskOptions,
): Promise<Item[]> {
  const [rows = []] = await askCatalogue(session, [query], { signal });
  return itemsOf<Item>(rows);
}

/**
 * Several catalogue queries in one round trip, prepared and planned once per session: planning them takes three to four times as long as
 * running them (a table's description 23 ms of the server's CPU the first time, about 4 from then on).
 */
export async function askCatalogue(
  session: Session,
  queries: readonly CatalogueQuery[],
  options: AskOptions,
): Promise<readonly BatchRows[]> {
  const asked = queries.map(({ sql, values }) => ({ sql, values: values.map(parameter) }));
  const [, ...results] = await session.batch([planOnce, ...asked, planAsUsual], options);
  return results.slice(0, queries.length);
}

/** Of queries about several relations; each item says which of them it is of. */
export function itemsByRelation<Item>(rows: BatchRows): ReadonlyMap<number, readonly Item[]> {
  const items = new Map<number, Item[]>();
  for (const { relation, ...item } of itemsOf<{ readonly relation: number } & Item>(rows)) {
    const known = items.get(relation);
    if (known === undefined) items.set(relation, [item as Item]);
    else known.push(item as Item);
  }
  return items;
}

const itemsOf = <Item>(rows: BatchRows): Item[] =>
  rows.map(([item]) => {
    const parsed: Item = JSON.parse(item ?? 'null');
    return parsed;
  });

/** Local to the transaction that the batch is, or is part of. */
const planCacheMode = (mode: string): BatchStatement => ({
  sql: `SELECT pg_catalog.set_config('plan_cache_mode', $1, true)`,
  values: [mode],
});
const planOnce = planCacheMode('force_generic_plan');
const planAsUsual = planCacheMode('auto');

function parameter(value: string | number | readonly string[]): Parameter {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : `{${value.map(arrayElement).join(',')}}`;
}

const arrayElement = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
