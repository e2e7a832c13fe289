import { describe, expect, it } from 'vitest';
import { toLockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../src/protocol/outcome.ts';
import type { Target, WindowWrite } from '../../../src/protocol/writer.ts';
import {
  chunks,
  holding,
  leaving,
  openTarget,
  patching,
  upsert,
  type WriterSuite,
} from './writer-under-test.ts';

type Changes = WindowWrite['parts'][number]['changes'];

/** A window of one target, up to a position of the shard `main`. */
export const windowOf = (
  target: Target,
  changes: Changes,
  rest: Partial<Omit<WindowWrite, 'parts'>> = {},
): WindowWrite => ({
  parts: [{ target, changes }],
  position: { shard: 'main', lane: 0, at: 'p1' },
  marks: new Map(),
  newestLetter: 0,
  ...rest,
});

export const keepalive = (at: string): WindowWrite => ({
  parts: [],
  position: { shard: 'main', lane: 0, at },
  marks: new Map(),
  newestLetter: 0,
});

export const kindsOf = (outcomes: readonly (readonly Outcome[])[]): readonly (readonly string[])[] =>
  outcomes.map((part) => part.map(({ kind }) => kind));

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (thrown: unknown) => toLockstepError(thrown),
  );

export function windowConformance({ setUp, form, ownedScope, typed }: WriterSuite): void {
  const { row } = form;
  const leave = leaving(form);
  const patch = patching(form);
  describe('windows', () => {
    it('tells one outcome per change, and finds nothing to do in a repeat', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b'), row(3, 'c')), holding(1));
      const changes = [
        upsert(target, row(4, 'd')),
        leave(target, 2),
        upsert(target, row(3, 'c', 'new')),
        leave(target, 99),
        patch(target, row(1, 'a', 'patched'), ['note']),
      ];
      const window = windowOf(target, changes);
      expect(kindsOf(await writer.applyWindow(window, holding(1)))).toEqual([
        ['inserted', 'left', 'updated', 'unchanged', 'updated'],
      ]);
      expect(await under.stored()).toEqual([row(1, 'a', 'patched'), row(3, 'c', 'new'), row(4, 'd')]);
      const again = kindsOf(await writer.applyWindow(window, holding(1)));
      expect(again).toEqual([['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged']]);
    });

    it('writes what it is asked for, whatever was foreseen', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      const foreseen = [upsert(target, row(1, 'a')), upsert(target, row(2, 'b'))];
      writer.foresee?.([{ target, changes: foreseen }]);
      const other = [upsert(target, row(3, 'c'))];
      expect(kindsOf(await writer.applyWindow(windowOf(target, other), holding(1)))).toEqual([['inserted']]);
      writer.foresee?.([{ target, changes: foreseen }]);
      const written = await writer.applyWindow(windowOf(target, foreseen), holding(1));
      expect(kindsOf(written)).toEqual([['inserted', 'inserted']]);
      const again = await writer.applyWindow(windowOf(target, foreseen), holding(1));
      expect(kindsOf(again)).toEqual([['unchanged', 'unchanged']]);
      expect(await under.stored()).toEqual([row(1, 'a'), row(2, 'b'), row(3, 'c')]);
    });

    if (typed)
      it('refuses in its turn what was foreseen and can not be written', async () => {
        await using under = await setUp();
        await using open = await openTarget(under);
        const { target, writer } = open;
        const wrong = [
          upsert(target, row(1, 'a')),
          upsert(target, { ...row(2, 'b'), email: new Uint8Array(1) }),
        ];
        writer.foresee?.([{ target, changes: wrong }]);
        const first = await refusal(writer.applyWindow(windowOf(target, wrong), holding(1)));
        const second = await refusal(writer.applyWindow(windowOf(target, wrong), holding(1)));
        expect(first?.code).toBe('value-not-encodable');
        expect(second?.code).toBe(first?.code);
        expect(await under.stored()).toEqual([]);
      });

    it('keeps position, marks and newest letter, and takes marks away', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      const marks = new Map([
        ['people', 'm1'],
        ['others', 'm2'],
      ]);
      const changes = [upsert(target, row(1, 'a'))];
      await writer.applyWindow(windowOf(target, changes, { marks, newestLetter: 7 }), holding(1));
      await using second = await under.openWriter();
      const state = await second.attach(holding(2));
      expect([...state.positions]).toEqual([['main', 'p1']]);
      expect([...state.marks].toSorted()).toEqual([...marks].toSorted());
      expect(state.newestLetter).toBe(7);
      expect(state.isNew).toBe(false);
      const gone = new Map([['people', null]]);
      await second.applyWindow({ ...keepalive('p2'), marks: gone, newestLetter: 7 }, holding(2));
      const again = await second.attach(holding(2));
      expect([...again.positions]).toEqual([['main', 'p2']]);
      expect([...again.marks]).toEqual([['others', 'm2']]);
      expect(again.newestLetter).toBe(7);
    });

    it('saves a letter and marks also without a position, and leaves the position alone', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      await writer.applyWindow(keepalive('p1'), holding(1));
      const torn = { position: null, newestLetter: 3, marks: new Map([['people', 'm']]) };
      await writer.applyWindow(windowOf(target, [upsert(target, row(1, 'a'))], torn), holding(1));
      await writer.applyWindow({ ...keepalive('p'), position: null, newestLetter: 3 }, holding(1));
      const state = await writer.attach(holding(1));
      expect([...state.positions]).toEqual([['main', 'p1']]);
      expect(state.newestLetter).toBe(3);
      expect([...state.marks]).toEqual([['people', 'm']]);
    });

    it('writes nothing of a window in which one change is refused, its position included', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      await target.append(chunks(row(1, 'a')), holding(1));
      await writer.applyWindow(keepalive('p0'), holding(1));
      const changes = [upsert(target, row(2, 'b')), upsert(target, row(3, 'a'))];
      const error = await refusal(writer.applyWindow(windowOf(target, changes), holding(1)));
      expect(error?.class).toBe('deferred');
      expect(await under.stored()).toEqual([row(1, 'a')]);
      expect([...(await writer.attach(holding(1))).positions]).toEqual([['main', 'p0']]);
    });

    it('refuses a patch without its row', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      const missing = patch(target, row(9, 'i', 'x'), ['note']);
      const window = windowOf(target, [upsert(target, row(1, 'a')), missing]);
      expect((await refusal(writer.applyWindow(window, holding(1))))?.code).toBe('row-missing');
      expect(await under.stored()).toEqual([]);
    });

    it('refuses a key that comes twice', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      const changes = [upsert(target, row(1, 'a')), upsert(target, row(1, 'b'))];
      const error = await refusal(writer.applyWindow(windowOf(target, changes), holding(1)));
      expect(error?.code).toBe('key-repeated');
      expect(await under.stored()).toEqual([]);
    });

    it('lets rows exchange unique values, and a new row have that of one that leaves', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b'), row(3, 'c'), row(4, 'd')), holding(1));
      const changes = [
        upsert(target, row(1, 'b')),
        upsert(target, row(2, 'a')),
        leave(target, 3),
        upsert(target, row(5, 'c')),
        patch(target, row(4, 'e'), ['email']),
        upsert(target, row(6, 'd')),
      ];
      const outcomes = await writer.applyWindow(windowOf(target, changes), holding(1));
      expect(kindsOf(outcomes)).toEqual([['updated', 'updated', 'left', 'inserted', 'updated', 'inserted']]);
      const stored = [row(1, 'b'), row(2, 'a'), row(4, 'e'), row(5, 'c'), row(6, 'd')];
      expect(await under.stored()).toEqual(stored);
      expect([...(await writer.attach(holding(1))).positions]).toEqual([['main', 'p1']]);
    });

    it('refuses an owner that was overtaken, keepalives included', async () => {
      await using under = await setUp();
      await using older = await openTarget(under);
      const { target, writer } = older;
      await writer.applyWindow(keepalive('p0'), holding(1));
      await using newer = await under.openWriter();
      await newer.attach(holding(2));
      const changes = [upsert(target, row(1, 'a'))];
      const attempts = [
        () => writer.applyWindow(windowOf(target, changes), holding(1)),
        () => writer.applyWindow(windowOf(target, changes, { position: null }), holding(1)),
        () => writer.applyWindow({ ...keepalive('p1'), newestLetter: 4 }, holding(1)),
        () => writer.applyWindow(keepalive('p1'), holding(1)),
        () =>
          writer.applyWindow(
            { ...keepalive('p1'), position: { shard: 'new', lane: 0, at: 'p' } },
            holding(1),
          ),
        () => writer.tryWindow(windowOf(target, changes), holding(1)),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'fence-lost' });
      expect(await under.stored()).toEqual([]);
      const { positions, newestLetter } = await newer.attach(holding(2));
      expect([...positions]).toEqual([['main', 'p0']]);
      expect(newestLetter).toBe(0);
    });

    if (ownedScope)
      it('keeps to its own keys in a target that others filled', async () => {
        await using under = await setUp();
        await under.insert([row(1, 'theirs')]);
        await using open = await openTarget(under);
        const { target, writer } = open;
        const first = [
          upsert(target, row(1, 'ours')),
          upsert(target, row(2, 'b')),
          upsert(target, row(3, 'c')),
        ];
        const outcomes = await writer.applyWindow(windowOf(target, first), holding(1));
        expect(kindsOf(outcomes)).toEqual([['clash', 'inserted', 'inserted']]);
        const second = [leave(target, 1), leave(target, 3), upsert(target, row(2, 'b', 'x'))];
        const later = await writer.applyWindow(windowOf(target, second), holding(1));
        expect(kindsOf(later)).toEqual([['clash', 'left', 'updated']]);
        await under.insert([row(3, 'theirs too')]);
        const third = await writer.applyWindow(windowOf(target, [upsert(target, row(3, 'c'))]), holding(1));
        expect(kindsOf(third)).toEqual([['clash']]);
        expect(await under.stored()).toEqual([row(1, 'theirs'), row(2, 'b', 'x'), row(3, 'theirs too')]);
      });

    it('keeps to a predicate', async () => {
      await using under = await setUp();
      await under.insert([row(1, 'a', 'theirs'), row(2, 'b', 'ours')]);
      const scope = { kind: 'where', predicate: under.noteIs('ours') } as const;
      await using open = await openTarget(under, { scope });
      const { target, writer } = open;
      const changes = [upsert(target, row(1, 'x', 'ours')), upsert(target, row(2, 'y', 'ours'))];
      const outcomes = await writer.applyWindow(windowOf(target, changes), holding(1));
      expect(kindsOf(outcomes)).toEqual([['clash', 'updated']]);
      expect(await under.stored()).toEqual([row(1, 'a', 'theirs'), row(2, 'y', 'ours')]);
    });

    it('leaves rows in place when leaving means to keep', async () => {
      await using under = await setUp();
      await using open = await openTarget(under, { leaving: { kind: 'keep' } });
      const { target, writer } = open;
      await target.append(chunks(row(1, 'a')), holding(1));
      const outcomes = await writer.applyWindow(windowOf(target, [leave(target, 1)]), holding(1));
      expect(kindsOf(outcomes)).toEqual([['unchanged']]);
      expect(await under.stored()).toEqual([row(1, 'a')]);
    });

    it('tells which changes are refused beside the others, and writes nothing', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b'), row(3, 'c')), holding(1));
      const changes = [
        upsert(target, row(1, 'b')),
        upsert(target, row(2, 'a')),
        upsert(target, row(7, 'c')),
        upsert(target, row(8, 'h')),
        patch(target, row(99, 'z', 'x'), ['note']),
        leave(target, 50),
      ];
      const outcomes = await writer.tryWindow(windowOf(target, changes), holding(1));
      expect(kindsOf(outcomes)).toEqual([
        ['updated', 'updated', 'failed', 'inserted', 'failed', 'unchanged'],
      ]);
      expect(outcomes[0]?.[2]).toMatchObject({ error: { class: 'deferred' } });
      expect(outcomes[0]?.[4]).toMatchObject({ error: { code: 'row-missing' } });
      expect(await under.stored()).toEqual([row(1, 'a'), row(2, 'b'), row(3, 'c')]);
    });

    it('refuses a change too that is possible only beside a refused one', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target, writer } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b'), row(3, 'c')), holding(1));
      // 1 wants what 2 has; 2 wants what 3 has and keeps.
      const changes = [upsert(target, row(1, 'b')), upsert(target, row(2, 'c')), upsert(target, row(4, 'd'))];
      const outcomes = await writer.tryWindow(windowOf(target, changes), holding(1));
      expect(kindsOf(outcomes)).toEqual([['failed', 'failed', 'inserted']]);
    });
  });
}
