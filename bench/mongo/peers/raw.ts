import { createRequire } from 'node:module';
import type { Db, Document } from 'mongodb';

/** Documents of a command as bytes: what the driver has for its own bulk writes. */
type Sequence = new (field: string) => { push(document: unknown, bytes: Uint8Array): number };
const { DocumentSequence }: { readonly DocumentSequence: Sequence } = createRequire(import.meta.url)(
  'mongodb/lib/cmap/commands.js',
);

/** Documents as they are stored, in batches as the server sends them (16 MB). */
export async function* readRaw(db: Db, collection: string): AsyncGenerator<readonly Uint8Array[]> {
  await using cursor = db.collection<Document>(collection).find({}, { raw: true, sort: { _id: 1 } });
  while (await cursor.hasNext()) yield cursor.readBufferedDocuments().map(toBytes);
}

function toBytes(document: unknown): Uint8Array {
  if (document instanceof Uint8Array) return document;
  throw new TypeError('the driver decoded a document');
}

/** One insert of all of them, unordered, confirmed as the server does by default: by a majority. */
export const insertRaw = (db: Db, collection: string, documents: readonly Uint8Array[]): Promise<void> =>
  writeRaw(db, { command: { insert: collection, ordered: false }, field: 'documents', documents });

interface RawWrite {
  readonly command: Document;
  readonly field: string;
  readonly documents: readonly Uint8Array[];
}

export async function writeRaw(db: Db, { command, field, documents }: RawWrite): Promise<void> {
  if (documents.length === 0) return;
  const sequence = new DocumentSequence(field);
  for (const document of documents) sequence.push(null, document);
  const reply = await db.command({ ...command, [field]: sequence });
  const [refused] = reply['writeErrors'] ?? [];
  if (refused !== undefined) throw new Error(String(refused.errmsg));
}

/** The next one is asked for while one is used. */
export async function* oneAhead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = iterator.next();
      yield value;
    }
  } finally {
    await next;
    await iterator.return?.();
  }
}
