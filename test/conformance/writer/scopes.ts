import { describe, expect, it } from 'vitest';
import {
  chunks,
  holding,
  keyOf,
  leaving,
  never,
  openTarget,
  pipeline,
  upsert,
  type WriterSuite,
} from './writer-under-test.ts';

export function scopeConformance({ setUp, form, ownedScope, replaces }: WriterSuite): void {
  const { row } = form;
  const leave = leaving(form);
  const ofOthers = ownedScope ? ({ kind: 'default' } as const) : ({ kind: 'all' } as const);
  describe('scope', () => {
    it('takes all of a target that it found empty, and still does after a restart', async () => {
      await using under = await setUp();
      {
        await using open = await openTarget(under);
        expect(open.target.plan.scope).toEqual({ kind: 'all' });
        expect(open.target.startedEmpty).toBe(true);
        await open.target.append(chunks(row(1, 'a')), holding(1));
      }
      await using again = await openTarget(under);
      expect(again.target.plan.scope).toEqual({ kind: 'all' });
      expect(again.target.startedEmpty).toBe(false);
    });

    if (ownedScope)
      it('keeps to its own keys in a target that others filled', async () => {
        await using under = await setUp();
        await under.insert([row(1, 'theirs')]);
        await using open = await openTarget(under);
        const { target } = open;
        expect(target.plan.scope).toEqual({ kind: 'owned' });
        const counts = await target.merge(chunks(row(1, 'ours'), row(2, 'b')), holding(1));
        expect(counts).toEqual({ inserted: 1, updated: 0, unchanged: 0, clashes: 1 });
        const changes = [upsert(target, row(1, 'ours')), upsert(target, row(2, 'b', 'x')), leave(target, 1)];
        const outcomes = await target.apply(changes, holding(1));
        expect(outcomes.map(({ kind }) => kind)).toEqual(['clash', 'updated', 'clash']);
        expect(await target.countRows({ signal: never })).toBe(1);
        expect(await target.judge([row(1, 'theirs'), row(2, 'b', 'x')], { signal: never })).toEqual([
          'clash',
          'same',
        ]);
        expect((await target.present([keyOf(form, target, 1)], { signal: never })).size).toBe(0);
        expect(await under.stored()).toEqual([row(1, 'theirs'), row(2, 'b', 'x')]);
      });

    if (ownedScope)
      it('remembers its keys after a restart, and forgets those that left', async () => {
        await using under = await setUp();
        await under.insert([row(1, 'theirs')]);
        {
          await using open = await openTarget(under);
          await open.target.append(chunks(row(2, 'b'), row(3, 'c')), holding(1));
          await open.target.apply([leave(open.target, 3)], holding(1));
        }
        await under.insert([row(3, 'theirs too')]);
        await using again = await openTarget(under);
        const outcomes = await again.target.apply(
          [leave(again.target, 2), leave(again.target, 3)],
          holding(1),
        );
        expect(outcomes.map(({ kind }) => kind)).toEqual(['left', 'clash']);
      });

    it('keeps to a predicate', async () => {
      await using under = await setUp();
      await under.insert([row(1, 'a', 'theirs'), row(2, 'b', 'ours')]);
      await using open = await openTarget(under, {
        scope: { kind: 'where', predicate: under.noteIs('ours') },
      });
      const { target } = open;
      expect(await target.countRows({ signal: never })).toBe(1);
      const counts = await target.merge(chunks(row(1, 'x', 'ours'), row(2, 'y', 'ours')), holding(1));
      expect(counts).toEqual({ inserted: 0, updated: 1, unchanged: 0, clashes: 1 });
      expect(await under.stored()).toEqual([row(1, 'a', 'theirs'), row(2, 'y', 'ours')]);
    });

    if (replaces)
      it('replaces what its predicate names', async () => {
        await using under = await setUp();
        await under.insert([row(1, 'a', 'theirs'), row(2, 'b', 'ours')]);
        await using open = await openTarget(under, {
          scope: { kind: 'where', predicate: under.noteIs('ours') },
        });
        await open.target.replace(chunks(row(5, 'z', 'ours')), holding(1));
        expect(await under.stored()).toEqual([row(1, 'a', 'theirs'), row(5, 'z', 'ours')]);
      });

    if (ownedScope)
      it('shows what it would decide without remembering it', async () => {
        await using under = await setUp();
        await under.insert([row(1, 'theirs')]);
        await using writer = await under.openWriter();
        const target = await writer.inspect(under.plan(), { signal: never });
        expect(target?.plan.scope).toEqual({ kind: 'owned' });
        expect(await target?.countRows({ signal: never })).toBe(0);
        expect(await writer.seenFence({ pipeline, signal: never })).toBe(0);
      });

    it('leaves rows in place when leaving means to keep', async () => {
      await using under = await setUp();
      await using open = await openTarget(under, { leaving: { kind: 'keep' } });
      await open.target.append(chunks(row(1, 'a')), holding(1));
      const outcomes = await open.target.apply([leave(open.target, 1)], holding(1));
      expect(outcomes.map(({ kind }) => kind)).toEqual(['unchanged']);
      expect(await under.stored()).toEqual([row(1, 'a')]);
    });

    it('removes all that it kept, and no row', async () => {
      await using under = await setUp();
      await under.insert([row(1, 'theirs')]);
      await using open = await openTarget(under, { scope: ofOthers });
      await open.target.append(chunks(row(2, 'b')), holding(1));
      const steps = await open.writer.remove({ pipeline, plans: [under.plan()], signal: never });
      expect(steps.length).toBeGreaterThan(0);
      expect(await open.writer.seenFence({ pipeline, signal: never })).toBe(0);
      expect(await under.stored()).toHaveLength(2);
      expect(await open.writer.remove({ pipeline, plans: [], signal: never })).toEqual([]);
    });
  });
}
