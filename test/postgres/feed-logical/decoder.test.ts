import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Assembler } from '../../../src/connectors/postgres/feed/logical/decode/assembler.ts';
import { MessageSplitter } from '../../../src/connectors/postgres/feed/logical/decode/message-splitter.ts';
import { PgOutputDecoder } from '../../../src/connectors/postgres/feed/logical/decode/pgoutput-decoder.ts';
import { compareRelations } from '../../../src/connectors/postgres/feed/logical/decode/relation.ts';
import { RelationBook } from '../../../src/connectors/postgres/feed/logical/decode/relation-book.ts';
import { TransactionClock } from '../../../src/connectors/postgres/feed/logical/decode/transaction-clock.ts';
import {
  endOfRecords,
  formatLsn,
  parseLsn,
  versionOf,
} from '../../../src/connectors/postgres/feed/logical/lsn.ts';
import { objectNames } from '../../../src/connectors/postgres/feed/logical/object-names.ts';
import {
  formatPosition,
  orderPositions,
  parsePosition,
  partsOfSource,
} from '../../../src/connectors/postgres/feed/logical/position.ts';
import { TransactionSpill } from '../../../src/connectors/postgres/feed/logical/spill/transaction-spill.ts';
import { ItemQueue } from '../../../src/connectors/postgres/feed/logical/stream/item-queue.ts';
import { judgeResume } from '../../../src/connectors/postgres/feed/logical/stream/judge-resume.ts';
import type { FeedItem } from '../../../src/protocol/feed.ts';
import { plain } from './plain.ts';

/** Messages as PostgreSQL 18 sent them for a table t (id int PRIMARY KEY, v text), in hexadecimal. */
const captured = {
  begin: '420000000001b87c78000303cb74b67bf5000002f4',
  relation: '52000040027075626c69630074006400020169640000000017ffffffff00760000000019ffffffff',
  insert: '49000040024e000274000000013174000000026162',
  updateOfKey: '55000040024b00027400000001316e4e000274000000013275',
  delete: '44000040024b00027400000001326e',
  truncate: '54000000010000004002',
  commit: '43000000000001b87c780000000001b87de8000303cb74b67bf5',
};
const bytes = (name: keyof typeof captured): Buffer => Buffer.from(captured[name], 'hex');

function decoderFor(items: FeedItem[]): PgOutputDecoder & { readonly flush: () => void } {
  const assembler = new Assembler({
    source: '1/1/x',
    from: 0n,
    emit: (item) => items.push(item),
    now: () => 0,
  });
  const book = new RelationBook({
    collections: [{ name: 't', source: 't', key: ['id'], columns: ['id', 'v'], touches: false }],
    defaultSchema: 'public',
    shapes: new Map(),
    truncated: new Map(),
  });
  const decoder = new PgOutputDecoder({
    book,
    assembler,
    spill: new TransactionSpill('/nonexistent'),
    clock: new TransactionClock(0x1_0000_0000n),
  });
  return Object.assign(decoder, { flush: () => assembler.flush() });
}

test('each message of a transaction, from the bytes of the wire', () => {
  const items: FeedItem[] = [];
  const decoder = decoderFor(items);
  const sequence = ['begin', 'relation', 'insert', 'updateOfKey', 'delete', 'truncate', 'commit'] as const;
  for (const name of sequence) decoder.take(bytes(name), 0, bytes(name).length);
  decoder.flush();
  const meta = {
    origin: null,
    committedAtMs: 1795282101492.725,
    version: '0000000001b87c78',
    transaction: '4294968052',
  };
  expect(
    items.map((item) => (item.kind === 'batch' ? { ...item, changes: item.changes.map(plain) } : item)),
  ).toEqual([
    {
      kind: 'batch',
      shard: 'main',
      epoch: 1,
      changes: [
        { kind: 'insert', collection: 't', key: '["1"]', row: { id: 1, v: 'ab' }, complete: true, meta },
        {
          kind: 'update',
          collection: 't',
          key: '["2"]',
          previousKey: '["1"]',
          row: { id: 2 },
          complete: false,
          meta,
        },
        { kind: 'delete', collection: 't', key: '["2"]', meta },
      ],
      boundary: null,
      committedAtMs: 1795282101492.725,
      bytes: expect.any(Number),
    },
    {
      kind: 'barrier',
      shard: 'main',
      collections: ['t'],
      event: { kind: 'truncate', source: 't', detail: 'public.t was truncated' },
      boundary: null,
    },
    {
      kind: 'batch',
      shard: 'main',
      epoch: 1,
      changes: [],
      boundary: '1/1/x@0/1B87DE8',
      committedAtMs: 1795282101492.725,
      bytes: 0,
    },
  ]);
});

test('a table that lacks a column of the key is told, at its first description too', () => {
  const items: FeedItem[] = [];
  const assembler = new Assembler({ source: 's', from: 0n, emit: (item) => items.push(item), now: () => 0 });
  const decoder = new PgOutputDecoder({
    book: new RelationBook({
      collections: [{ name: 't', source: 't', key: ['gone'], columns: ['v'], touches: false }],
      defaultSchema: 'public',
      shapes: new Map(),
      truncated: new Map(),
    }),
    assembler,
    spill: new TransactionSpill('/nonexistent'),
    clock: new TransactionClock(1n),
  });
  for (const name of ['begin', 'relation', 'insert'] as const)
    decoder.take(bytes(name), 0, bytes(name).length);
  expect(items).toMatchObject([
    {
      kind: 'barrier',
      collections: ['t'],
      event: { kind: 'shape', detail: 'a column of the key is missing' },
    },
  ]);
});

test('an unknown message, and a change of a table that was never described, are errors', () => {
  const decoder = decoderFor([]);
  expect(() => decoder.take(Buffer.from('?'), 0, 1)).toThrow('unknown message');
  expect(() => decoder.take(bytes('insert'), 0, bytes('insert').length)).toThrow('not described');
});

test('messages come out whole however the network cuts the stream', () => {
  const property = fc.property(
    fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }),
    fc.array(fc.nat(30)),
    (contents, cuts) => {
      const stream = Buffer.concat(
        contents.map((content) => {
          const head = Buffer.from([0x64, 0, 0, 0, 0]);
          head.writeInt32BE(content.length + 4, 1);
          return Buffer.concat([head, content]);
        }),
      );
      const seen: string[] = [];
      const splitter = new MessageSplitter({
        take: (all, start, end) => seen.push(all.toString('hex', start, end)),
        takeHead: () => undefined,
        limitBytes: 1 << 20,
      });
      let at = 0;
      for (const size of [...cuts, stream.length]) {
        if (at < stream.length) splitter.push(stream.subarray(at, at + size + 1));
        at += size + 1;
      }
      expect(seen).toEqual(contents.map((content) => Buffer.from(content).toString('hex')));
    },
  );
  fc.assert(property);
});

test('batches never reach over a boundary, and a large transaction comes in parts without one', () => {
  const items: FeedItem[] = [];
  const assembler = new Assembler({ source: 's', from: 0n, emit: (item) => items.push(item), now: () => 0 });
  const meta = { origin: null, committedAtMs: 5, version: null, transaction: null };
  const transaction = (changes: number, lsn: bigint) => {
    assembler.begin(meta);
    for (let index = 0; index < changes; index += 1)
      assembler.add({ kind: 'touch', collection: 't', key: String(index), meta }, 100);
    if (lsn > 0n) assembler.commit({ lsn, atMs: 7 });
  };
  transaction(3, 10n);
  transaction(2, 20n);
  transaction(4500, 0n);
  assembler.flush();
  expect(
    items.map((item) => item.kind === 'batch' && [item.changes.length, item.boundary, item.bytes]),
  ).toEqual([
    [5, 's@0/14', 500],
    [1995, null, 199_500],
    [2000, null, 200_000],
  ]);
  assembler.commit({ lsn: 30n, atMs: 8 });
  assembler.flush();
  expect(items.at(-1)).toMatchObject({ boundary: 's@0/1E', committedAtMs: 8 });
  expect(items.flatMap((item) => (item.kind === 'batch' ? item.changes : [])).length).toBe(4505);
});

test('keepalives: outside of transactions, once a second, and only forward', () => {
  const items: FeedItem[] = [];
  let now = 0;
  const assembler = new Assembler({
    source: 's',
    from: 5n,
    emit: (item) => items.push(item),
    now: () => now,
  });
  const told = () => items.map((item) => (item.kind === 'batch' ? item.boundary : null));
  assembler.keepalive({ lsn: 5n, atMs: 1 });
  assembler.keepalive({ lsn: 6n, atMs: 1 });
  assembler.keepalive({ lsn: 7n, atMs: 1 });
  expect(told()).toEqual(['s@0/6']);
  now = 1000;
  assembler.begin({ origin: null, committedAtMs: 5, version: null, transaction: null });
  assembler.tick();
  assembler.keepalive({ lsn: 8n, atMs: 1 });
  expect(told()).toEqual(['s@0/6']);
  assembler.commit({ lsn: 9n, atMs: 1 });
  expect(told()).toEqual(['s@0/6', 's@0/9']);
  assembler.keepalive({ lsn: 8n, atMs: 1 });
  now = 9000;
  assembler.tick();
  expect(told()).toEqual(['s@0/6', 's@0/9']);
});

test('a keepalive that is as far as somebody waits for is told at once', () => {
  const items: FeedItem[] = [];
  const assembler = new Assembler({
    source: 's',
    from: 5n,
    emit: (item) => items.push(item),
    now: () => 0,
  });
  const told = () => items.map((item) => (item.kind === 'batch' ? item.boundary : null));
  assembler.keepalive({ lsn: 6n, atMs: 1 });
  assembler.want(9n);
  assembler.keepalive({ lsn: 8n, atMs: 1 });
  expect(told()).toEqual(['s@0/6']);
  assembler.keepalive({ lsn: 10n, atMs: 1 });
  expect(told()).toEqual(['s@0/6', 's@0/A']);
  assembler.keepalive({ lsn: 11n, atMs: 1 });
  expect(told()).toEqual(['s@0/6', 's@0/A']);
  assembler.want(11n);
  expect(told()).toEqual(['s@0/6', 's@0/A', 's@0/B']);
});

test('keepalives that nobody takes do not pile up', () => {
  const queue = new ItemQueue();
  const batch = (boundary: string | null, changes: number): FeedItem => ({
    kind: 'batch',
    shard: 'main',
    epoch: 1,
    changes: Array.from({ length: changes }, () => ({
      kind: 'touch' as const,
      collection: 't',
      key: 'k',
      meta: { origin: null, committedAtMs: null, version: null, transaction: null },
    })),
    boundary,
    committedAtMs: 1,
    bytes: changes,
  });
  for (const item of [batch('a', 0), batch('b', 0), batch(null, 1), batch('c', 0), batch('d', 0)])
    queue.put(item);
  const taken: unknown[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take())
    taken.push(item.kind === 'batch' ? item.boundary : null);
  expect(taken).toEqual(['b', null, 'd']);
  expect(queue.bytes).toBe(0);
});

test('positions, places and versions', () => {
  expect(formatLsn(0x16b374d848n)).toBe('16/B374D848');
  expect(parseLsn('16/B374D848')).toBe(0x16b374d848n);
  expect(parseLsn('16-1')).toBeNull();
  const position = formatPosition({ source: '74/3/a@b/c', lsn: 0x100000000n });
  expect(position).toBe('74/3/a@b/c@1/0');
  expect(parsePosition(position)).toEqual({ source: '74/3/a@b/c', lsn: 0x100000000n });
  expect(partsOfSource('74/3/a@b/c')).toEqual({ system: '74', timeline: 3, database: 'a@b/c' });
  expect(partsOfSource('database-oid-5/x')).toEqual({
    system: 'database-oid-5',
    timeline: null,
    database: 'x',
  });
  expect(orderPositions('s@F/0', 's@10/0')).toBe('before');
  expect(orderPositions('s@10/0', 's@F/FFFFFFFF')).toBe('after');
  expect(orderPositions('s@1/0', 's@1/0')).toBe('same');
  expect(() => parsePosition('nonsense')).toThrow('no position');
  expect(versionOf(0xfn) < versionOf(0x10n)).toBe(true);
  expect(endOfRecords(0x1000018n, 8192n)).toBe(0x1000000n);
  expect(endOfRecords(0x1000028n, 8192n)).toBe(0x1000000n);
  expect(endOfRecords(0x1000030n, 8192n)).toBe(0x1000030n);
});

test('numbers of transactions are widened to the nearest', () => {
  const clock = new TransactionClock(0x1_ffff_fff0n);
  expect(clock.widen(0xffff_fff5)).toBe(String(0x1_ffff_fff5n));
  expect(clock.widen(3)).toBe(String(0x2_0000_0003n));
  expect(clock.widen(0xffff_fff6)).toBe(String(0x1_ffff_fff6n));
});

test('names of slots are the server’s, and no two pipelines share one', () => {
  const capture = { kind: 'logical', failover: false, slotTimeoutMs: 1 } as const;
  const names = ['orders', 'a-b', 'a_b', 'x'.repeat(48), `${'x'.repeat(47)}y`].map((name) =>
    objectNames(name, capture),
  );
  expect(names[0]).toEqual({
    slot: 'lockstep_orders',
    publication: 'lockstep_orders',
    applicationName: 'lockstep orders stream',
  });
  expect(new Set(names.map(({ slot }) => slot)).size).toBe(names.length);
  for (const { slot, applicationName } of names) {
    expect(slot).toMatch(/^[a-z0-9_]{1,63}$/);
    expect(applicationName.length).toBeLessThanOrEqual(63);
  }
  expect(objectNames('orders', { ...capture, slot: 's', publication: 'P' })).toMatchObject({
    slot: 's',
    publication: 'P',
  });
});

test('what became of a table is told in words', () => {
  const columns = (...list: [string, number][]) =>
    list.map(([name, typeOid]) => ({ name, typeOid, typmod: -1 }));
  const relation = { oid: 1, schema: 'public', table: 't', columns: columns(['a', 23], ['b', 25]) };
  const becoming = (...list: [string, number][]) =>
    compareRelations(relation, { ...relation, columns: columns(...list) });
  expect(compareRelations(relation, { ...relation })).toBeNull();
  expect(becoming(['a', 20], ['c', 25])?.detail).toBe(
    'column "b" was renamed to "c", column "a" has another type',
  );
  expect(becoming(['a', 23], ['c', 23])?.detail).toBe('column "c" was added, column "b" was dropped');
  expect(becoming(['b', 25], ['a', 23])).toBeNull();
});

const state = (slot: object | null, insert = 100n) => ({
  slot: slot === null ? null : { ...usable, ...slot },
  insert,
  flush: 95n,
  keepBytes: null,
});
const usable = {
  plugin: 'pgoutput',
  database: 'x',
  isOurs: true,
  activePid: null,
  activeApplication: null,
  confirmed: 50n,
  restart: 40n,
  invalid: null,
  failover: false,
};
const resume = (lsn: bigint, source = '7/1/x') => ({ source, lsn });

test.for([
  ['no slot', state(null), resume(60n), 'remake', undefined],
  ['an invalid slot', state({ invalid: 'wal_removed' }), resume(60n), 'remake', undefined],
  ['a slot ahead of the log', state({ confirmed: 101n }), resume(60n), 'remake', undefined],
  ['no resume', state({}), null, 'follow', 50n],
  ['resume at the slot', state({}), resume(50n), 'follow', 50n],
  ['resume at the end', state({}), resume(100n), 'follow', 100n],
  ['resume behind the slot', state({}), resume(49n), 'skip', 50n],
  ['resume ahead of the log', state({}), resume(101n), 'skip', 95n],
  ['another system', state({}), resume(60n, '8/1/x'), 'skip', 95n],
  ['another database', state({}), resume(60n, '7/1/y'), 'skip', 95n],
  ['a history that goes on', state({}), resume(60n, '7/2/x'), 'follow', 60n],
  ['a history that branched off before', state({}), resume(71n, '7/2/x'), 'skip', 95n],
  ['a timeline that never was', state({}), resume(60n, '7/9/x'), 'skip', 95n],
] as const)('where to start: %s', ([, slots, from, kind, start]) => {
  const source = from?.source === '7/2/x' || from?.source === '7/9/x' ? '7/3/x' : '7/1/x';
  const history = [
    { timeline: 1, end: 10n },
    { timeline: 2, end: 70n },
  ];
  const verdict = judgeResume({ resume: from, source, state: slots, history });
  expect(verdict.kind).toBe(kind);
  if (verdict.kind !== 'remake') expect(verdict.start).toBe(start);
});
