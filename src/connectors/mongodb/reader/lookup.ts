import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { ReadOptions } from '../../../protocol/reader.ts';
import type { Row } from '../../../protocol/value.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { idsOfSelection } from '../fields/foreign-ids.ts';
import { rowMaker } from '../fields/selected.ts';
import { allOf } from '../query.ts';
import type { Deployment } from '../session/deployment.ts';
import { documentsByKey } from './by-key.ts';
import { filterOf } from './read.ts';

interface LookupRequest extends ReadOptions {
  readonly collection: CollectionName;
  readonly keys: readonly Key[];
  /** At least what was committed by then is shown. */
  readonly after: ClusterTime | null;
}

/** The rows of some keys in their newest state; null: a majority has none. */
export async function lookup(
  deployment: Deployment,
  { collection, keys, selection, after, signal }: LookupRequest,
): Promise<ReadonlyMap<Key, Row | null>> {
  const filter = allOf([filterOf(selection, collection)]);
  const { projection, toRow } = rowMaker(selection, collection);
  const ids = idsOfSelection(selection, collection);
  const request = { collection, keys, ids, filter, projection, after, signal };
  const found = await documentsByKey(deployment, request);
  return new Map(
    keys.map((key) => {
      const document = found.get(key);
      return [key, document === undefined ? null : toRow(document)];
    }),
  );
}
