import { describe, it } from 'vitest';
import { wellFormed } from '../../support/well-formed.ts';
import { chunks, holding, leaving, openTarget, upsert, type WriterSuite } from './writer-under-test.ts';

/** What a writer answers is said in the protocol's words, and in nothing else. */
export function wordConformance({ setUp, form }: WriterSuite): void {
  const { row } = form;
  describe('words', () => {
    it('outcomes, also of what is refused, and counts', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      wellFormed('writeCounts', await target.merge(chunks(row(1, 'a'), row(2, 'b')), holding(1)));
      const changes = [upsert(target, row(3, 'c')), leaving(form)(target, 1), upsert(target, row(4, 'b'))];
      wellFormed('change', ...changes);
      wellFormed('outcome', ...(await target.apply(changes, holding(1))));
      wellFormed('shape', target.shape);
    });
  });
}
