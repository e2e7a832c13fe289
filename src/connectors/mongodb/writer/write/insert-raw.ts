import type { RawBatch } from './raw-batches.ts';
import { writeRaw } from './raw-command.ts';
import { literalReplacement } from './statements.ts';
import { type BringIn, write } from './write.ts';

/** Inserts a batch as it came; returns how many documents it has. */
export async function insertRaw(into: BringIn, { documents, count, literal }: RawBatch): Promise<number> {
  const { deployment, model, session } = into;
  const command = { insert: model.collection, ordered: true };
  await writeRaw(deployment, { command, field: 'documents', documents, session });
  await write(into, 'update', literal.map(literalReplacement));
  return count;
}
