import type { AnyBulkWriteOperation } from 'mongodb';
import type { DeadLetterStore, LetterId, ResealedLetter, SealedHead } from '../../protocol/control-store.ts';
import type { MongodbDatabase } from './database.ts';
import { digestOf, sealedColumns } from './letter-put.ts';
import type { StoredDocument } from './names.ts';
import { bytesOrNull, integer, text } from './row.ts';

/** What the verbs about secrets need of the letters. */
export function createSealing(database: MongodbDatabase): Pick<DeadLetterStore, 'listSealed' | 'reseal'> {
  const { deadLetters } = database.collections;
  return {
    listSealed: ({ after = { pipeline: '', id: 0 }, limit }) =>
      database.run(async ({ session }) => {
        const beyond = [
          { pipeline: after.pipeline, id: { $gt: after.id } },
          { pipeline: { $gt: after.pipeline } },
        ];
        const rows = await deadLetters
          .find(
            { $or: beyond, sealed_head: { $ne: null } },
            {
              session,
              sort: { pipeline: 1, id: 1 },
              limit,
              projection: { pipeline: 1, id: 1, sealed_head: 1 },
            },
          )
          .toArray();
        return rows.map(toHead);
      }),
    reseal: createReseal(database),
  };
}

/** A repeat whose first answer was lost counts what it finds as it wants it. */
function createReseal(database: MongodbDatabase): DeadLetterStore['reseal'] {
  const { deadLetters } = database.collections;
  return async (changes) => {
    if (changes.length === 0) return 0;
    await using session = database.startSession();
    const statements = changes.map(toStatement);
    const done = { $or: changes.map(({ sealed, ...letter }) => isSealed(letter, sealed)) };
    let attempts = 0;
    return await database.transaction(session, async () => {
      attempts += 1;
      const before = attempts === 1 ? 0 : await deadLetters.countDocuments(done, { session });
      return before + (await deadLetters.bulkWrite(statements, { session })).matchedCount;
    });
  };
}

const isSealed = ({ pipeline, id }: LetterId, sealed: Uint8Array) => ({
  pipeline,
  id,
  sealed_digest: digestOf(sealed),
});

const toStatement = ({ was, sealed, ...letter }: ResealedLetter): AnyBulkWriteOperation<StoredDocument> => ({
  updateOne: { filter: isSealed(letter, was), update: { $set: sealedColumns(sealed) } },
});

const toHead = (row: StoredDocument): SealedHead => ({
  pipeline: text(row, 'pipeline'),
  id: integer(row, 'id'),
  head: bytesOrNull(row, 'sealed_head') ?? new Uint8Array(),
});
