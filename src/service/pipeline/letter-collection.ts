import type { ControlStore } from '../../protocol/control-store.ts';
import { collectionNamed } from '../../protocol/named-collection.ts';
import { collectionsWithLetters } from './letter-counts.ts';
import { readLiveStatus } from './live-status.ts';

/** The collection that is meant by a name which may lack its schema; a name that nobody knows stays as it is. */
export async function letterCollection<Asked extends string | null | undefined>(
  store: ControlStore,
  pipeline: string,
  asked: Asked,
): Promise<Asked | string> {
  if (asked === null || asked === undefined) return asked;
  const told = (await readLiveStatus(store, pipeline))?.collections.map(({ name }) => name) ?? [];
  const known = told.length > 0 ? told : await collectionsWithLetters(store, pipeline);
  return collectionNamed(asked, known) ?? asked;
}
