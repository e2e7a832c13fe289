import { keyRepeated } from '../../../protocol/key-repeated.ts';
import type { CollectionName, Key } from '../../../protocol/names.ts';
import type { ReadOptions } from '../../../protocol/reader.ts';
import type { Row } from '../../../protocol/value.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { idsOfSelection } from '../fields/foreign-ids.ts';
import { rowMaker } from '../fields/selected.ts';
import { idColumn } from '../names.ts';
import { allOf } from '../query.ts';
import type { Deployment } from '../session/deployment.ts';
import { type ByKeyRequest, documentsByKey } from './by-key.ts';
import { filterOf } from './read.ts';

interface LookupRequest extends ReadOptions {
  readonly collection: CollectionName;
  readonly keys: readonly Key[];
  /** At least what was committed by then is shown. */
  readonly after: ClusterTime | null;
  /** Told of times: all that was read is at or before one of them. */
  readonly shown: (time: ClusterTime) => void;
}

/** The rows of some keys in their newest state; null: a majority has none. */
export async function lookup(
  deployment: Deployment,
  { collection, keys, selection, after, shown, signal }: LookupRequest,
): Promise<ReadonlyMap<Key, Row | null>> {
  const filter = allOf([filterOf(selection, collection)]);
  const { projection, toRow } = rowMaker(selection, collection);
  const ids = idsOfSelection(selection, collection);
  const request = { collection, ids, filter, projection, after, shown, signal };
  const found = await onlyOneEach(deployment, { ...request, keys });
  return new Map(
    keys.map((key) => {
      const document = found.get(key);
      return [key, document === undefined ? null : toRow(document)];
    }),
  );
}

/**
 * Ids that differ in their type alone may be one key to whoever asks. Documents come one after the other, so two of a key may never have been
 * there at once: those that two reads saw were.
 */
async function onlyOneEach(
  deployment: Deployment,
  request: Omit<ByKeyRequest, 'repeated'>,
): Promise<ReadonlyMap<Key, Uint8Array>> {
  const repeated = new Set<Key>();
  const found = await documentsByKey(deployment, { ...request, repeated: (key) => repeated.add(key) });
  if (repeated.size === 0) return found;
  const again = await documentsByKey(deployment, {
    ...request,
    keys: [...repeated],
    repeated: (key) => {
      throw keyRepeated(request.collection, [idColumn], key);
    },
  });
  return new Map([...[...found].filter(([key]) => !repeated.has(key)), ...again]);
}
