import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../../src/protocol/chunk.ts';
import { isLockstepError, toLockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import { chunkOf, chunks, holding, openTarget, upsert, type WriterSuite } from './writer-under-test.ts';

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (thrown: unknown) => toLockstepError(thrown),
  );

export function atomicityConformance({ setUp, form, replaces }: WriterSuite): void {
  const { row } = form;
  const verbs = ['append', 'merge', ...(replaces ? (['replace'] as const) : [])] as const;
  describe('all or nothing', () => {
    it('refuses to append a key that exists, as something to try again, and writes nothing', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      await open.target.append(chunks(row(2, 'b')), holding(1));
      const error = await refusal(open.target.append(chunks(row(1, 'a'), row(2, 'b')), holding(1)));
      expect(error?.class).toBe('deferred');
      expect(await under.stored()).toEqual([row(2, 'b')]);
    });

    it('writes nothing of a window in which one change is refused', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a')), holding(1));
      const changes = [upsert(target, row(2, 'b')), upsert(target, row(3, 'a'))];
      const window = { ...holding(1), position: { shard: 'main', lane: 0, at: 'p1' } };
      expect((await refusal(target.apply(changes, window)))?.class).toBe('deferred');
      expect(await under.stored()).toEqual([row(1, 'a')]);
    });

    it('tells the one that is refused among changes without a position, or refuses them all', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a')), holding(1));
      const changes = [upsert(target, row(2, 'b')), upsert(target, row(3, 'a')), upsert(target, row(4, 'c'))];
      const outcomes = await target.apply(changes, holding(1)).catch(toLockstepError);
      if (Array.isArray(outcomes)) {
        expect(outcomes.map(({ kind }) => kind)).toEqual(['inserted', 'failed', 'inserted']);
        expect(await under.stored()).toEqual([row(1, 'a'), row(2, 'b'), row(4, 'c')]);
      } else {
        expect(outcomes).toMatchObject({ class: 'deferred' });
        expect(await under.stored()).toEqual([row(1, 'a')]);
      }
    });

    it.each(verbs)('keeps nothing of a %s whose source breaks', async (verb) => {
      await using under = await setUp();
      await using open = await openTarget(under);
      await open.target.append(chunks(row(9, 'z')), holding(1));
      async function* breaking(): AsyncGenerator<Chunk> {
        yield chunkOf([row(1, 'a')]);
        throw new Error('the source broke');
      }
      expect((await refusal(open.target[verb](breaking(), holding(1))))?.message).toContain(
        'the source broke',
      );
      expect(await under.stored()).toEqual([row(9, 'z')]);
    });

    it('refuses a key that comes twice in one merge', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const error = await refusal(open.target.merge(chunks(row(1, 'a'), row(1, 'b')), holding(1)));
      expect(isLockstepError(error, 'key-repeated')).toBe(true);
      expect(await under.stored()).toEqual([]);
    });

    it('stores the position with the changes that it covers', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { writer, target } = open;
      const at = (position: string) => ({
        ...holding(1),
        position: { shard: 'main', lane: 0, at: position },
      });
      await target.apply([upsert(target, row(1, 'a'))], at('p1'));
      await refusal(target.apply([upsert(target, row(2, 'a'))], at('p2')));
      const { positions, isNew } = await writer.attach(holding(1));
      expect([...positions]).toEqual([['main', 'p1']]);
      expect(isNew).toBe(false);
    });

    if (replaces)
      it('replaces everything at once', async () => {
        await using under = await setUp();
        await using open = await openTarget(under, { scope: { kind: 'all' } });
        await open.target.append(chunks(row(1, 'a'), row(2, 'b')), holding(1));
        const counts = await open.target.replace(chunks(row(2, 'x'), row(3, 'y')), holding(1));
        expect(counts.inserted).toBe(2);
        expect(await under.stored()).toEqual([row(2, 'x'), row(3, 'y')]);
      });
  });
}
