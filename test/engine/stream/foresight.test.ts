import { describe, expect, test } from 'vitest';
import type { StreamCollection } from '../../../src/engine/stream/collection.ts';
import { Foresight, type ForesightParts } from '../../../src/engine/stream/foresight.ts';
import { TouchMarks } from '../../../src/engine/stream/touch-marks.ts';
import { Window } from '../../../src/engine/stream/window.ts';
import type { WindowPart } from '../../../src/protocol/writer.ts';
import { deleted, inserted, touched } from './feed-changes.ts';

function setUp() {
  const users = collectionOf();
  const collections = new Map([['users', users]]);
  const marks = new TouchMarks();
  const withLetters = new Set<string>();
  const told: (readonly WindowPart[])[] = [];
  const parts: ForesightParts = {
    collections,
    marks,
    letters: { hasAny: (name: string) => withLetters.has(name) },
    writer: { foresee: (given) => void told.push(given) },
  };
  return { users, collections, marks, withLetters, told, foresight: new Foresight(parts) };
}

/** What a foresight asks of a collection: it passes target and work on and looks at neither, and to make them would need two servers. */
const collectionOf = (): StreamCollection =>
  ({
    name: 'users',
    plan: { map: null },
    target: {},
    carried: { columns: [] },
    stopped: null,
  }) as unknown as StreamCollection;

function windowOf(...changes: Parameters<Window['add']>[0]): Window {
  const window = new Window({ shard: 'main', epoch: 0, beganAt: 0 });
  window.add(changes, 1, 1);
  return window;
}

describe('a window that is next', () => {
  test('is planned once, told to the writer, and taken with the very changes that it was told', () => {
    const { foresight, told, users } = setUp();
    const window = windowOf(inserted('1', { a: 1 }), deleted('2'));
    foresight.foresee(window);
    foresight.foresee(window);
    const plan = foresight.take(window);
    expect(told).toHaveLength(1);
    expect(told[0]?.[0]?.target).toBe(users.target);
    expect(plan?.parts.get('users')?.changes).toBe(told[0]?.[0]?.changes);
    expect(plan?.parts.get('users')?.changes.map(({ kind, key }) => [kind, key])).toEqual([
      ['upsert', '1'],
      ['leave', '2'],
    ]);
    expect(foresight.take(window)).toBeNull();
  });

  test('is planned in its turn when it is another than was foreseen', () => {
    const { foresight } = setUp();
    foresight.foresee(windowOf(deleted('1')));
    expect(foresight.take(windowOf(deleted('1')))).toBeNull();
  });

  test.each([
    ['a letter', ({ withLetters }: ReturnType<typeof setUp>) => withLetters.add('users')],
    ['a mark', ({ marks }: ReturnType<typeof setUp>) => marks.mark('users', ['9'], 'p9')],
    [
      'a stop',
      ({ users }: ReturnType<typeof setUp>) => {
        users.stopped = 'its shape has changed';
      },
    ],
    [
      'another target',
      ({ collections }: ReturnType<typeof setUp>) => collections.set('users', collectionOf()),
    ],
  ])('is planned in its turn when %s came between', (_what, happen) => {
    const world = setUp();
    const window = windowOf(deleted('1'));
    world.foresight.foresee(window);
    happen(world);
    expect(world.foresight.take(window)).toBeNull();
  });

  test.each([
    ['there is a letter', ({ withLetters }: ReturnType<typeof setUp>) => withLetters.add('users')],
    ['there is a mark', ({ marks }: ReturnType<typeof setUp>) => marks.markWhole('users', 'p9')],
    ['nobody knows its collection', ({ collections }: ReturnType<typeof setUp>) => collections.clear()],
  ])('is not foreseen while %s', (_what, happen) => {
    const world = setUp();
    happen(world);
    const window = windowOf(deleted('1'));
    world.foresight.foresee(window);
    expect(world.told).toEqual([]);
    expect(world.foresight.take(window)).toBeNull();
  });

  test('is not foreseen when something of it must be read', () => {
    const { foresight, told } = setUp();
    const window = windowOf(inserted('1', { a: 1 }), touched('2'));
    foresight.foresee(window);
    expect(told).toEqual([]);
    expect(foresight.take(window)).toBeNull();
  });
});
