import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { schemas } from '../../src/protocol/schemas/schemas.ts';

type Word = keyof typeof schemas;

const meta = { origin: null, committedAtMs: 1, version: null, transaction: '7' };
const row = { id: 1n, at: new Date(0), raw: new Uint8Array([1]), list: [null, { x: Number.NaN }] };
const error = new LockstepError('value-refused', { collection: 't', detail: 'too long' });
const letter = {
  id: 1,
  pipeline: 'shop',
  collection: 'users',
  key: '["1"]',
  code: 'value-refused',
  message: '',
  attempts: 1,
  firstFailedAtMs: 1,
  lastFailedAtMs: 2,
  state: 'parked',
  until: null,
  sealed: null,
};
const column = { name: 'id', type: 'bigint', nullable: false, generated: false, hasDefault: true };
const batch = {
  kind: 'batch',
  shard: 'main',
  epoch: 0,
  changes: [],
  boundary: null,
  committedAtMs: null,
  bytes: 0,
};
const generation = {
  id: 3,
  state: 'promoted',
  readAtMs: 1,
  promotedAtMs: 2,
  rolledBackAtMs: null,
  held: null,
  positions: { main: '0/1' },
  collections: [
    { collection: 't', by: 'staged', lockedMs: null, rows: 1, leaving: 0, inserted: 1, updated: 0, left: 0 },
  ],
  canRollBack: true,
};

/** Of each word what is one, and what looks like one and is none. */
const samples: Readonly<
  Record<Word, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>
> = {
  barrier: {
    good: [{ kind: 'truncate', source: 't', detail: '' }],
    bad: [{ kind: 'delete', source: 't', detail: '' }],
  },
  change: {
    good: [
      { kind: 'upsert', key: '["1"]', row, isNew: true, backing: { layout: 'x', any: 1 } },
      { kind: 'leave', key: '["1"]', meta },
    ],
    bad: [
      { kind: 'upsert', key: '["1"]' },
      { kind: 'leave', key: '' },
      { kind: 'leave', key: '1', row },
    ],
  },
  checkpoint: {
    good: [{ space: 's', name: 'n', value: { a: [1] } }],
    bad: [{ space: 's', name: 'n', value: 1n }],
  },
  chunk: {
    good: [
      { format: 'rows', rows: [row], backing: null, refused: [{ row: {}, error }] },
      { format: 'bson', bytes: new Uint8Array(), rowCount: 0 },
    ],
    bad: [
      { format: 'rows', rows: [row] },
      { format: 'bson', bytes: 'x', rowCount: 0 },
      { format: 'pg-copy', encoding: 'csv', bytes: new Uint8Array(), rowCount: 0 },
    ],
  },
  collection: { good: ['public.users'], bad: ['', 7] },
  cursor: { good: ['x'], bad: [''] },
  cursorMark: {
    good: [{ next: 'x', gap: null, at: '', waitsFor: null }],
    bad: [{ next: null, gap: null, at: '', waitsFor: null }],
  },
  cursorSettings: {
    good: [{ column: 'updated_at', overlap: '1m', timeZone: null }],
    bad: [{ column: 'updated_at' }],
  },
  deadLetter: {
    good: [letter],
    bad: [
      { ...letter, code: 'no-such-code' },
      { ...letter, row },
    ],
  },
  digest: { good: [{ rows: 1, hash: -1n }], bad: [{ rows: 1, hash: 1 }] },
  digestAgreement: {
    good: [
      { dialect: 'postgres', groupsCost: true, columns: [{ name: 'a', method: 'native', nullable: false }] },
    ],
    bad: [{ dialect: 'postgres', groupsCost: true, columns: [{ name: 'a' }] }],
  },
  epoch: { good: [0], bad: [-1, 1.5] },
  feedChange: {
    good: [{ kind: 'touch', collection: 'c', key: '1', gone: true, meta }],
    bad: [
      { kind: 'touch', collection: 'c', key: '1', gone: false, meta },
      { kind: 'insert', collection: 'c', key: '1', row, meta },
    ],
  },
  feedItem: {
    good: [batch, { kind: 'revoked', shard: 'main', epoch: 1 }],
    bad: [{ ...batch, shard: '' }, { kind: 'keepalive' }],
  },
  fence: { good: [1], bad: ['1'] },
  finding: {
    good: [{ level: 'error', code: 'value-refused', subject: 't', message: 'm', cure: '' }],
    bad: [{ level: 'fatal', code: 'value-refused', subject: 't', message: 'm', cure: '' }],
  },
  format: { good: ['rows'], bad: ['csv'] },
  gap: {
    good: [{ shard: 'main', from: null, to: '0/1', reason: 'gone' }],
    bad: [{ shard: 'main', from: null, to: '0/1', reason: '' }],
  },
  generation: {
    good: [generation],
    bad: [
      { ...generation, state: 'done' },
      { ...generation, positions: { main: 1 } },
    ],
  },
  guard: {
    good: [
      {
        pipeline: 'p',
        collection: 'c',
        leaving: 1,
        total: 2,
        samples: ['1'],
        state: 'waiting',
        raisedAtMs: 1,
        approvedAtMs: null,
      },
    ],
    bad: [{ pipeline: 'p', collection: 'c' }],
  },
  hashedKey: { good: [{ key: '1', hash: 1n }], bad: [{ key: '1', hash: '1' }] },
  identity: {
    good: [{ connector: 'postgres', id: '1/x', label: 'l' }],
    bad: [{ connector: 'postgres', id: '1/x' }],
  },
  json: { good: [{ a: [null, 1, 'x', true] }], bad: [new Date(0), 1n] },
  key: { good: ['["1"]'], bad: ['', 1] },
  keyMove: { good: [{ from: '1', to: '2', displaces: false }], bad: [{ from: '1', to: '2' }] },
  lag: { good: [{ kind: 'behind', milliseconds: 5 }], bad: [{ kind: 'behind' }] },
  lease: {
    good: [{ pipeline: 'p', owner: 'n', fence: 1, expiresAtMs: 2 }],
    bad: [{ pipeline: 'P', owner: 'n', fence: 1, expiresAtMs: 2 }],
  },
  leaving: {
    good: [{ kind: 'delete' }, { kind: 'mark', set: { a: 'true' }, marked: 'a', clear: {} }],
    bad: [{ kind: 'mark' }, { kind: 'delete', statement: 'x' }],
  },
  mappedColumn: {
    good: [{ target: 'a', from: { column: 'b' }, type: null, onInsert: true }],
    bad: [{ target: 'a', from: { mapped: false }, type: null }],
  },
  outcome: {
    good: [{ kind: 'stale' }, { kind: 'failed', error }],
    bad: [{ kind: 'failed' }, { kind: 'failed', error: new Error('x') }],
  },
  partition: {
    good: [{ id: '1', from: ['1'], to: null, estimatedRows: 0 }],
    bad: [{ id: '1', from: '1', to: null, estimatedRows: 0 }],
  },
  pipeline: { good: ['user-table'], bad: ['User Table', ''] },
  position: { good: ['0/1'], bad: [''] },
  request: {
    good: [
      { id: 1, pipeline: 'p', kind: 'replay', detail: null, state: 'done', result: { n: 1 }, askedAtMs: 1 },
    ],
    bad: [{ id: 1, pipeline: 'p', kind: 'stop', detail: null, state: 'done', result: null, askedAtMs: 1 }],
  },
  row: { good: [row, {}], bad: [null, [1], { f: () => 1 }, { u: undefined }] },
  run: {
    good: [
      {
        id: 1,
        pipeline: 'p',
        kind: 'verify',
        startedAtMs: 1,
        endedAtMs: null,
        result: 'running',
        summary: null,
      },
    ],
    bad: [
      {
        id: 1,
        pipeline: 'p',
        kind: 'verify',
        startedAtMs: 1,
        endedAtMs: null,
        result: 'good',
        summary: null,
      },
    ],
  },
  scope: { good: [{ kind: 'all' }, { kind: 'owned', adopt: 'true' }], bad: [{ kind: 'where' }] },
  selection: {
    good: [{ columns: [{ name: 'a', from: { column: 'a' }, as: null }], filter: null }],
    bad: [{ columns: [{ name: 'a', from: 'a', as: null }], filter: null }],
  },
  shape: {
    good: [
      {
        collection: 't',
        dialect: 'postgres',
        columns: [column, { ...column, labels: ['sad'] }],
        key: { columns: ['id'], order: 'int' },
        uniques: [['email']],
        references: [{ columns: ['a'], collection: 'u', referencedColumns: ['id'], deferrable: false }],
        estimatedRows: 0,
        estimatedBytes: 0,
        native: { any: 1 },
      },
    ],
    bad: [{ collection: 't', dialect: 'postgres', columns: [{ ...column, nullable: 'no' }] }],
  },
  shard: { good: ['main'], bad: [''] },
  status: { good: ['live'], bad: ['running'] },
  statusReport: {
    good: [{ pipeline: 'p', status: 'live', reason: 'r', sinceMs: 1, nextStep: 'n' }],
    bad: [{ pipeline: 'p', status: 'live', reason: '', sinceMs: 1, nextStep: 'n' }],
  },
  storedConnection: {
    good: [{ name: 'shop', sealed: new Uint8Array(), savedAtMs: 1 }],
    bad: [{ name: 'shop', sealed: 'postgres://', savedAtMs: 1 }],
  },
  value: { good: [null, 1n, 'x', { _bsontype: 'ObjectId' }], bad: [undefined, Symbol('x'), () => 1] },
  writeCounts: {
    good: [{ inserted: 1, updated: 0, unchanged: 0, clashes: 0 }],
    bad: [{ inserted: -1, updated: 0, unchanged: 0, clashes: 0 }],
  },
};

describe.each(Object.entries(samples))('the schema of %s', (word, { good, bad }) => {
  const schema: z.ZodType = schemas[word as Word];

  it('takes what is one', () => {
    for (const one of good)
      expect(schema.safeParse(one), JSON.stringify(one, show)).toMatchObject({ success: true });
  });

  it('refuses what is none', () => {
    for (const one of bad)
      expect(schema.safeParse(one), JSON.stringify(one, show)).toMatchObject({ success: false });
  });
});

const show = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
