import type { ChangeMeta, FeedChange } from '../../../src/protocol/change.ts';

/** A change as an object that can be compared: rows, and what is told of their transaction, may be made when they are asked for. */
export function plain(change: FeedChange) {
  const { kind, collection, key, meta } = change;
  const former = 'previousKey' in change ? { previousKey: change.previousKey } : {};
  if (!('row' in change)) return { kind, collection, key, meta: plainMeta(meta), ...former };
  const { row, complete } = change;
  return { kind, collection, key, row, complete, meta: plainMeta(meta), ...former };
}

const plainMeta = ({ origin, committedAtMs, version, transaction }: ChangeMeta): ChangeMeta => ({
  origin,
  committedAtMs,
  version,
  transaction,
});

/** Only what happened to which row. */
export function bare(change: FeedChange) {
  const { meta: _, complete: __, ...rest } = { complete: null, ...plain(change) };
  return rest;
}
