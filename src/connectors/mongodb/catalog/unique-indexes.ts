import { type Document, MongoServerError } from 'mongodb';
import type { CollectionName } from '../../../protocol/names.ts';
import { keepingTypes } from '../bson/id-value.ts';
import type { Deployment } from '../session/deployment.ts';

const namespaceNotFound = 26;

/** As they are now, without that of `_id`: those of a target are built once it is filled, so what it was opened with may know of none. */
export function uniqueIndexes(
  deployment: Deployment,
  collection: CollectionName,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly Document[]> {
  return deployment.run({ signal, collection }, async (db) => {
    try {
      const indexes = await db.collection(collection).listIndexes(keepingTypes).toArray();
      return indexes.filter((index) => index['unique'] === true);
    } catch (thrown) {
      if (thrown instanceof MongoServerError && thrown.code === namespaceNotFound) return [];
      throw thrown;
    }
  });
}
