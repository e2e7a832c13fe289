import type { Chunk } from '../../../../protocol/chunk.ts';
import type { WriteCounts } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { appendChunks } from './append.ts';
import { deleteOurs, lockAgainstWriters } from './replace.sql.ts';

/** All rows of ours replaced in one transaction; readers see the old ones until it commits. */
export async function replace(
  destination: Destination,
  model: TargetModel,
  request: WriteOptions & { readonly chunks: AsyncIterable<Chunk> },
): Promise<WriteCounts> {
  const options = { signal: request.signal, collection: model.collection };
  return await writeTransaction(
    destination,
    { ...request, point: 'destination.replace' },
    async (session) => {
      await session.execute(lockAgainstWriters(model), options);
      await session.execute(deleteOurs(model), options);
      return await appendChunks(session, model, request);
    },
  );
}
