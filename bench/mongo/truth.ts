import { createHash } from 'node:crypto';
import type { Db } from 'mongodb';
import { readRaw } from './peers/raw.ts';

/** Throws where two collections differ in a single byte. */
export async function expectSameBytes(source: Db, target: Db, collection: string): Promise<void> {
  const [there, here] = await Promise.all([bytesOf(source, collection), bytesOf(target, collection)]);
  if (here !== there) throw new Error(`${collection} is not the same: ${there}, but ${here}`);
}

async function bytesOf(db: Db, collection: string): Promise<string> {
  const hash = createHash('sha1');
  let count = 0;
  for await (const documents of readRaw(db, collection)) {
    count += documents.length;
    for (const document of documents) hash.update(document);
  }
  return `${count} documents ${hash.digest('hex')}`;
}

export async function expectCount(db: Db, collection: string, wanted: number): Promise<void> {
  const count = await db.collection(collection).countDocuments();
  if (count !== wanted) throw new Error(`the target holds ${count} documents instead of ${wanted}`);
}
