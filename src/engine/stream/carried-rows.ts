import type { Feed, FeedCollection } from '../../protocol/feed.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Row } from '../../protocol/value.ts';
import { keyDoubt } from '../plan/key-doubt.ts';

/** How the rows of a feed become rows of the plan; null: they can't, and each change is read again. */
export interface CarriedRows {
  /** Source columns that the feed must tell. */
  readonly columns: readonly string[];
  /** Target column → source column. Empty with a mapping function, which gets the source's columns as they are. */
  readonly renamed: readonly (readonly [target: string, source: string])[];
  /** Source and target columns have the same names, so that a row passes as it is. */
  readonly asTheyAre: boolean;
}

/**
 * A feed tells columns as the source stores them: expressions, filters and conversions to another type are the source's to compute, and who
 * may have to take an alternative is compared with others, so such a collection is read again by key.
 */
export function carriedRows(plan: CollectionPlan, feed: Feed): CarriedRows | null {
  if (feed.capabilities.content === 'touches' || plan.filter !== null || plan.sourceKey === null) return null;
  if (plan.alternatives.size > 0) return null;
  // What one row tells of its key may not be all of it: another one may have it too.
  if (keyDoubt(plan) !== null) return null;
  if (plan.map !== null) {
    const hasExpressions = plan.columns.some(({ from }) => 'expression' in from);
    if (hasExpressions) return null;
    return {
      columns: [...new Set([...plan.sourceKey, ...plan.mapReads])],
      renamed: [],
      asTheyAre: true,
    };
  }
  const types = new Map(plan.sourceShape.columns.map(({ name, type }) => [name, type]));
  const renamed: [string, string][] = [];
  for (const { target, from, type } of plan.columns) {
    if (!('column' in from)) return null;
    const told = types.get(from.column);
    // Who converts as it writes gets what the source has.
    const wanted = plan.conversion === 'writer' ? told : type;
    if (told === undefined || (typeof wanted === 'string' && !feed.carries(told, wanted))) return null;
    renamed.push([target, from.column]);
  }
  return {
    columns: [...new Set(renamed.map(([, source]) => source))],
    renamed,
    asTheyAre: renamed.every(([target, source]) => target === source),
  };
}

const typeOf = ({ columns }: CollectionPlan, name: string): string | null =>
  columns.find(({ target }) => target === name)?.type ?? null;

/** What the feed is asked for on behalf of a plan. */
export const feedCollection = (plan: CollectionPlan, feed: Feed): FeedCollection => ({
  name: plan.name,
  source: plan.source,
  key: plan.sourceKey ?? [],
  ...(plan.conversion === 'reader' && { keyTypes: plan.key.map((name) => typeOf(plan, name)) }),
  columns: carriedRows(plan, feed)?.columns ?? null,
});

/** A row of the feed under the target's names; columns that it does not tell stay absent. */
export function renameRow({ renamed, asTheyAre }: CarriedRows, row: Row): Row {
  if (asTheyAre) return row;
  const target: { [column: string]: Row[string] } = {};
  for (const [name, source] of renamed) {
    const value = row[source];
    if (value !== undefined) target[name] = value;
  }
  return target;
}
