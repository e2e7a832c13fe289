import type { Db } from 'mongodb';

/** The documents of a collection as they are stored, in the order of their ids, each in hexadecimal. Imports nothing from src. */
export async function exportDocuments(
  db: Db,
  collection: string,
  filter: object = {},
): Promise<readonly string[]> {
  const cursor = db.collection(collection).find(filter, { raw: true, sort: { _id: 1 } });
  const documents: string[] = [];
  for await (const document of cursor) {
    if (!Buffer.isBuffer(document)) throw new TypeError('the driver decoded a document');
    documents.push(document.toString('hex'));
  }
  return documents;
}
