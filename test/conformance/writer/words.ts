import { describe, expect, it } from 'vitest';
import { wellFormed } from '../../support/well-formed.ts';
import { windowOf } from './windows.ts';
import { chunks, holding, leaving, openTarget, upsert, type WriterSuite } from './writer-under-test.ts';

/** What a writer answers is said in the protocol's words, and in nothing else. */
export function wordConformance({ setUp, form }: WriterSuite): void {
  const { row } = form;
  describe('words', () => {
    it('counts, and outcomes, also of what is refused', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      wellFormed('shape', target.shape);
      wellFormed('writeCounts', await target.merge(chunks(row(1, 'a'), row(2, 'b')), holding(1)));
      const changes = [upsert(target, row(3, 'c')), leaving(form)(target, 1)];
      wellFormed('change', ...changes);
      wellFormed('outcome', ...(await target.apply(changes, holding(1))));
      const tried = windowOf(target, [upsert(target, row(4, 'b'))]);
      const [refused = []] = await writer.tryWindow(tried, holding(1));
      expect(refused).toMatchObject([{ kind: 'failed' }]);
      wellFormed('outcome', ...refused);
    });
  });
}
