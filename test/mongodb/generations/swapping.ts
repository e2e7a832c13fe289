import type { Db, Document } from 'mongodb';
import type { PipelineConfig } from '../../../src/index.ts';

/** All of these collections are ours alone, and each is swapped where it differs. */
export const swapping = (...names: readonly string[]) =>
  ({
    collections: Object.fromEntries(names.map((name) => [name, { scope: 'all' }])),
    refresh: { by: 'swap' },
    guard: { maxLeavingShare: 0.5 },
  }) satisfies Partial<PipelineConfig>;

export const numbered = (count: number, v: string) =>
  Array.from({ length: count }, (_, _id) => ({ _id, v: `${v} ${_id}` }));

/** Puts documents in, whatever was there. */
export async function put(db: Db, name: string, documents: readonly Document[]): Promise<void> {
  await db.collection(name).deleteMany({});
  await db.collection<Document>(name).insertMany([...documents]);
}

/** All that is about the collection and not in it, told by the server; without the id, which renaming changes. */
export async function looksOf(db: Db, name: string): Promise<unknown> {
  const [found] = await db.listCollections({ name }).toArray();
  const indexes = await db.collection(name).indexes();
  return { options: found !== undefined && 'options' in found ? found.options : null, indexes };
}

/** What is there besides the collections that were made for the test. */
export async function keptIn(db: Db): Promise<readonly string[]> {
  const all = await db.listCollections({ name: /^lockstep_(?!state$)/ }, { nameOnly: true }).toArray();
  return all.map(({ name }) => name).toSorted();
}
