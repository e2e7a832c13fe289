import type { Db } from 'mongodb';
import type { DocumentOf } from '../data/documents.ts';
import { insertRaw } from './peers/raw.ts';

const documentsAtOnce = 10_000;

/** The documents of these numbers, from the first one on. */
export async function fill(
  db: Db,
  { collection, documentOf, count }: { collection: string; documentOf: DocumentOf; count: number },
): Promise<void> {
  for (let from = 0; from < count; from += documentsAtOnce) {
    const length = Math.min(documentsAtOnce, count - from);
    await insertRaw(
      db,
      collection,
      Array.from({ length }, (_, index) => documentOf(from + index)),
    );
  }
}
