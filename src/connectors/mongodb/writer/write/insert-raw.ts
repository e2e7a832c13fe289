import type { RawBatch } from './raw-batches.ts';
import { literalReplacement } from './statements.ts';
import { type BringIn, write } from './write.ts';

/** Inserts a batch as it came; returns how many documents it has. */
export async function insertRaw(into: BringIn, { pieces, count, literal }: RawBatch): Promise<number> {
  await write(into, 'insert', pieces);
  await write(into, 'update', literal.map(literalReplacement));
  return count;
}
