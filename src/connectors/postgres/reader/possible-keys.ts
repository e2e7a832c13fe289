import { isLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { keyNull } from '../../../protocol/key-null.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Row } from '../../../protocol/value.ts';
import { hasNullPart, isKey } from '../key.ts';
import { askedKeys, keyColumnsOf, type LookupRequest } from './lookup.ts';
import { findNull } from './null-keys.ts';
import type { NullQuestion } from './null-question.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { describeOutput, type OutputColumn } from './select.ts';

type Found = ReadonlyMap<Key, Row | null>;
type Request = Omit<LookupRequest, 'output' | 'surroundings'>;

type Lookup = (keys: readonly Key[]) => Promise<Found>;

/**
 * A target of another kind may hold keys that no row here can have, such as `["3000000000"]` where the key is an integer: they are absent.
 * Which those are is asked once a value was refused.
 */
export async function lookupPossible(
  context: ReadContext,
  request: Request,
  { nulls, lookup }: { readonly nulls: NullQuestion; readonly lookup: Lookup },
): Promise<Found> {
  if (request.keys.some(hasNullPart)) await nulls.refuse(() => refuseNulls(context, request));
  const found = await lookupKeys(context, { ...request, keys: request.keys.filter(isKey) }, lookup);
  return new Map(request.keys.map((key) => [key, found.get(key) ?? null]));
}

/** Somebody told of a row without a key. One that is not of the selection is nothing to us. */
async function refuseNulls(context: ReadContext, { selection, keyColumns }: Request): Promise<void> {
  const column = await findNull(context, { selection, columns: keyColumns });
  if (column !== null) throw keyNull(context.collection, column, 'source');
}

async function lookupKeys(context: ReadContext, request: Request, lookup: Lookup): Promise<Found> {
  const { keys } = request;
  try {
    return await lookup(keys);
  } catch (thrown) {
    if (!isLockstepError(thrown, 'value-refused')) throw thrown;
    const possible = await possibleKeys(context, request);
    // Not the keys: the filter, say, or an expression over some row.
    if (possible.length === keys.length) throw thrown;
    return await lookup(possible);
  }
}

async function possibleKeys(
  context: ReadContext,
  { keys, selection, keyColumns }: Request,
): Promise<readonly Key[]> {
  const { session, table, types, signal, collection } = context;
  const output = await describeOutput(
    session,
    { table, columns: selection.columns, types },
    { signal, collection },
  );
  return valuesAmong(context, { keys, columns: keyColumnsOf(output, keyColumns, collection) });
}

interface Asked {
  readonly keys: readonly Key[];
  readonly columns: readonly OutputColumn[];
}

async function valuesAmong(context: ReadContext, { keys, columns }: Asked): Promise<readonly Key[]> {
  if (keys.length === 0 || (await areValues(context, { keys, columns }))) return keys;
  if (keys.length === 1) return [];
  const middle = keys.length >> 1;
  return [
    ...(await valuesAmong(context, { keys: keys.slice(0, middle), columns })),
    ...(await valuesAmong(context, { keys: keys.slice(middle), columns })),
  ];
}

/** The keys alone, so that what is refused is one of them. */
async function areValues(
  { session, signal, collection }: ReadContext,
  { keys, columns }: Asked,
): Promise<boolean> {
  try {
    const count = `SELECT pg_catalog.count(*) FROM ${askedKeys(keys, columns)}`;
    await session.query(count, undefined, { signal, collection });
    return true;
  } catch (thrown) {
    if (isLockstepError(thrown, 'value-refused')) return false;
    throw thrown;
  }
}
