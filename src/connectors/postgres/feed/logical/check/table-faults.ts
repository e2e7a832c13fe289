import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { FeedCollection } from '../../../../../protocol/feed.ts';
import { formatName, parseName, qualified } from '../../../names.ts';
import { type CapturedTable, identityOf, type RowHolder } from '../publication/captured-tables.ts';

/** Why a collection's table must not be published as it is, in the catalogue's words. */
export function tableFaults(collection: FeedCollection, table: CapturedTable): LockstepError[] {
  const name = formatName(table);
  const reason = unfollowable(table);
  if (reason !== null) return [new LockstepError('postgres-not-captured', { collection: name, reason })];
  const faults = table.holders.flatMap((holder) => identityFault(collection, name, holder));
  return faults.slice(0, 1);
}

export function missingTable({ source }: FeedCollection): LockstepError {
  return new LockstepError('collection-unknown', { side: 'source', collection: source, nearest: '' });
}

/** All faults of a set of collections. */
export function captureFaults(
  collections: readonly FeedCollection[],
  tables: ReadonlyMap<string, CapturedTable>,
  defaultSchema: string,
): { readonly collection: FeedCollection; readonly fault: LockstepError }[] {
  return collections.flatMap((collection) => {
    const table = tables.get(formatName(parseName(collection.source, defaultSchema)));
    const faults = table === undefined ? [missingTable(collection)] : tableFaults(collection, table);
    return faults.map((fault) => ({ collection, fault }));
  });
}

const kinds: Readonly<Record<string, string>> = {
  v: 'it is a view',
  m: 'it is a materialized view',
  f: 'it is a foreign table',
};

function unfollowable(table: CapturedTable): string | null {
  if (table.children) return 'tables inherit from it, and their changes come under their own names';
  const all = [table, ...table.holders];
  const kind = all.map((each) => kinds[each.kind]).find((each) => each !== undefined);
  if (kind !== undefined) return kind;
  const isWhole = table.holders.some(({ identity }) => identity === 'f');
  if (isWhole && table.columns.some((column) => column.virtual))
    return 'with virtual generated columns and REPLICA IDENTITY FULL the server would refuse UPDATE and DELETE of it';
  const odd = all.find(({ persistence }) => persistence !== 'p');
  if (odd === undefined) return null;
  return `${formatName(odd)} is ${odd.persistence === 'u' ? 'unlogged' : 'temporary'}`;
}

function identityFault({ key }: FeedCollection, collection: string, holder: RowHolder): LockstepError[] {
  const identity = identityOf(holder);
  const table = qualified(holder);
  if (identity === null) return [];
  if (identity.length === 0) return [new LockstepError('postgres-identity-missing', { collection, table })];
  const isTold = key.every((column) => identity.includes(column));
  if (isTold) return [];
  return [new LockstepError('postgres-identity-short', { collection, key: key.join(', '), table })];
}
