import type { ChangeMeta, FeedChange } from '../../../src/protocol/change.ts';
import type { FeedItem } from '../../../src/protocol/feed.ts';
import type { Row } from '../../../src/protocol/value.ts';

export const meta: ChangeMeta = { origin: null, committedAtMs: null, version: null, transaction: null };

export const inserted = (key: string, row: Row, collection = 'users'): FeedChange => ({
  kind: 'insert',
  collection,
  key,
  row,
  complete: true,
  meta,
});

export const updated = (key: string, row: Row, previousKey?: string): FeedChange => ({
  kind: 'update',
  collection: 'users',
  key,
  row,
  // What these rows are made of: `b` is the large column that an update does not always tell.
  complete: 'a' in row && 'b' in row,
  meta,
  ...(previousKey === undefined ? {} : { previousKey }),
});

export const deleted = (key: string): FeedChange => ({ kind: 'delete', collection: 'users', key, meta });
export const touched = (key: string): FeedChange => ({ kind: 'touch', collection: 'users', key, meta });

export const batch = (
  changes: readonly FeedChange[],
  boundary: string | null,
  bytes = changes.length,
): FeedItem => ({ kind: 'batch', shard: 'main', epoch: 0, changes, boundary, committedAtMs: null, bytes });
