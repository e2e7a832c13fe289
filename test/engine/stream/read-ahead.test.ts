import { describe, expect, test } from 'vitest';
import type { StreamCollection } from '../../../src/engine/stream/collection.ts';
import { alreadyRead, ReadAhead, type ReadAheadParts } from '../../../src/engine/stream/read-ahead.ts';
import { TouchMarks } from '../../../src/engine/stream/touch-marks.ts';
import { Window } from '../../../src/engine/stream/window.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import type { Key } from '../../../src/protocol/names.ts';
import type { Row } from '../../../src/protocol/value.ts';
import { inserted, touched } from './feed-changes.ts';

interface World {
  readonly rows: Map<Key, Row>;
  readonly reads: { readonly keys: readonly Key[]; readonly shows: readonly string[] }[];
  /** What a reader says of each read; null: nothing. */
  through: string | null;
  fails: boolean;
  head: string;
}

function setUp(content: 'rows' | 'touches' = 'rows') {
  const world: World = { rows: new Map(), reads: [], through: null, fails: false, head: 'h1' };
  const collections = new Map([['users', collectionOf(world)]]);
  const marks = new TouchMarks();
  const withLetters = new Set<Key>();
  const parts = {
    context: {
      feed: {
        capabilities: { content },
        head: async () => ({ positions: new Map([['main', world.head]]), atMs: 0 }),
      },
      signal: new AbortController().signal,
    },
    collections,
    marks,
    letters: { has: (_: string, key: Key) => withLetters.has(key) },
    shows: ({ transactions }: Window) => [...transactions],
  } as unknown as ReadAheadParts;
  return { world, collections, marks, withLetters, ahead: new ReadAhead(parts) };
}

/** What reading by key asks of a collection; to make a whole one would need two servers. */
const collectionOf = (world: World): StreamCollection =>
  ({
    name: 'users',
    plan: { map: null, sourceShape: { key: null } },
    carried: { columns: [] },
    stopped: null,
    work: {
      plan: { map: null, source: 'users' },
      source: {},
      lookupAt: 'now',
      target: { keyOf: (row: Row) => String(row['id']) },
      moment: {
        read: async (_: AbortSignal, work: (snapshot: unknown) => unknown) =>
          work({ lookup: lookupIn(world) }),
      },
    },
  }) as unknown as StreamCollection;

const lookupIn =
  (world: World) =>
  async (
    _: string,
    keys: readonly Key[],
    { shows, through }: { readonly shows: readonly string[]; readonly through?: (at: string) => void },
  ) => {
    world.reads.push({ keys, shows });
    if (world.fails) throw new LockstepError('connection-lost', { address: 'a', detail: 'cut' });
    if (world.through !== null) through?.(world.through);
    return new Map(keys.map((key) => [key, world.rows.get(key) ?? null]));
  };

function windowOf(...changes: Parameters<Window['add']>[0]): Window {
  const window = new Window({ shard: 'main', epoch: 0, beganAt: 0 });
  window.add(changes, 1, 1);
  return window;
}

describe('rows of the next window', () => {
  test('are read once, of the keys that have to be, and taken with it alone', async () => {
    const { ahead, world, collections, withLetters } = setUp();
    world.rows.set('2', { id: '2', v: 1 });
    withLetters.add('4');
    const window = windowOf(inserted('1', { id: '1' }), touched('2'), touched('3'), touched('4'));
    ahead.begin(window);
    ahead.begin(window);
    const rows = await ahead.take(window);
    expect(world.reads.map(({ keys }) => keys)).toEqual([['2', '3']]);
    const read = rows?.of([...collections.values()][0] as StreamCollection)?.read;
    expect(read?.changes.map(({ kind, key }) => [kind, key])).toEqual([
      ['upsert', '2'],
      ['leave', '3'],
    ]);
    expect(await ahead.take(window)).toBeNull();
    ahead.begin(window);
    expect(await ahead.take(windowOf(touched('2')))).toBeNull();
    expect(await ahead.take(window)).toBeNull();
  });

  test('are those of marked keys too, whatever was told of them', async () => {
    const { ahead, world, marks } = setUp();
    marks.mark('users', ['1'], 'p9');
    const window = windowOf(inserted('1', { id: '1' }), inserted('2', { id: '2' }));
    ahead.begin(window);
    await ahead.take(window);
    expect(world.reads.map(({ keys }) => keys)).toEqual([['1']]);
  });

  test.each([
    [
      'something of the collection was read',
      ({ marks }: ReturnType<typeof setUp>) => marks.mark('users', ['9'], 'p'),
    ],
    ['all of it was', ({ marks }: ReturnType<typeof setUp>) => marks.markWhole('users', 'p')],
    [
      'it is another one by now',
      ({ collections, world }: ReturnType<typeof setUp>) => collections.set('users', collectionOf(world)),
    ],
  ])('are read again when %s meanwhile', async (_, happen) => {
    const all = setUp();
    const window = windowOf(touched('1'));
    all.ahead.begin(window);
    happen(all);
    const rows = await all.ahead.take(window);
    expect(rows).not.toBeNull();
    expect(rows?.of(all.collections.get('users') as StreamCollection)).toBeNull();
  });

  test('are forgotten by whoever reads in between, and when they could not be read', async () => {
    const { ahead, world } = setUp();
    const window = windowOf(touched('1'));
    ahead.begin(window);
    ahead.forget();
    expect(await ahead.take(window)).toBeNull();
    world.fails = true;
    ahead.begin(window);
    expect(await ahead.take(window)).toBeNull();
  });

  test('are not taken when a read answers under another spelling of a key', async () => {
    const { ahead, world, collections } = setUp();
    world.rows.set('1.0', { id: '1' });
    const window = windowOf(touched('1.0'));
    ahead.begin(window);
    const rows = await ahead.take(window);
    expect(rows?.of(collections.get('users') as StreamCollection)).toBeNull();
  });

  test.each([
    ['the reader says', { says: 'r7', content: 'rows', expected: 'r7' }],
    ['the source says where nobody else does', { says: null, content: 'rows', expected: 'h1' }],
    ['nobody asks where the feed tells no rows', { says: null, content: 'touches', expected: null }],
  ] as const)('were read no later than %s', async (_, { says, content, expected }) => {
    const { ahead, world } = setUp(content);
    world.through = says;
    const window = windowOf(touched('1'));
    ahead.begin(window);
    expect(await ahead.take(window)).toMatchObject({ through: expected });
  });
});

test('of keys that are wanted, those are taken that were read and that nobody asked to be read now', () => {
  const changes = ['1', '2', '3'].map((key) => ({ kind: 'leave' as const, key }));
  const read = { changes, failures: [], through: 'p' };
  const ahead = { keys: new Set(['1', '2', '3']), read };
  const asked = new Map([['2', { mayLeave: false }]]);
  const taken = alreadyRead(new Set(['1', '2', '4']), ahead, asked);
  expect([...taken.keys]).toEqual(['1']);
  expect(taken.read.changes).toEqual([{ kind: 'leave', key: '1' }]);
  expect(alreadyRead(new Set(['1']), null, asked).keys.size).toBe(0);
});
