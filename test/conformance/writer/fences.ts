import { describe, expect, it } from 'vitest';
import {
  chunks,
  holding,
  never,
  openTarget,
  pipeline,
  upsert,
  type WriterSuite,
} from './writer-under-test.ts';

export function fenceConformance({ setUp, form, replaces }: WriterSuite): void {
  const { row } = form;
  describe('fences', () => {
    it('refuses an owner that was overtaken, in every verb', async () => {
      await using under = await setUp();
      await using older = await openTarget(under);
      await using newer = await under.openWriter();
      await newer.attach(holding(2));
      const { target, writer } = older;
      const attempts = [
        () => target.append(chunks(row(1, 'a')), holding(1)),
        () => target.merge(chunks(row(1, 'a')), holding(1)),
        ...(replaces ? [() => target.replace(chunks(row(1, 'a')), holding(1))] : []),
        () => target.apply([upsert(target, row(1, 'a'))], holding(1)),
        () => target.applyTogether([upsert(target, row(1, 'a'))], holding(1)),
        () => writer.open(under.plan(), holding(1)),
        () => writer.attach(holding(1)),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'fence-lost' });
      expect(await under.stored()).toEqual([]);
    });

    it('remembers the highest fence', async () => {
      await using under = await setUp();
      await using writer = await under.openWriter();
      expect(await writer.seenFence({ pipeline, signal: never })).toBe(0);
      expect((await writer.attach(holding(7))).isNew).toBe(true);
      expect(await writer.seenFence({ pipeline, signal: never })).toBe(7);
    });

    it('gives one state to two engines that attach at once', async () => {
      await using under = await setUp();
      await using a = await under.openWriter();
      await using b = await under.openWriter();
      const [first, second] = await Promise.allSettled([a.attach(holding(1)), b.attach(holding(2))]);
      expect(second.status).toBe('fulfilled');
      if (first.status === 'rejected') expect(first.reason).toMatchObject({ code: 'fence-lost' });
      expect((await b.attach(holding(2))).stateId).toMatch(/./);
      await expect(a.attach(holding(1))).rejects.toMatchObject({ code: 'fence-lost' });
    });

    it('keeps the identity of its state', async () => {
      await using under = await setUp();
      await using a = await under.openWriter();
      const { stateId } = await a.attach(holding(1));
      await using b = await under.openWriter();
      expect((await b.attach(holding(2))).stateId).toBe(stateId);
    });
  });
}
