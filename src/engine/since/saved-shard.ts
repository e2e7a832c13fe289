import type { Position, Shard } from '../../protocol/names.ts';

/**
 * Under this name the destination keeps how many cursors an incremental pipeline has saved: no position of a feed, and no cursor. A
 * destination that knows of fewer than the control store was restored from an older copy, or a generation was taken back there: the count goes
 * with it.
 */
export const savedShard: Shard = '@cursors';

/** Where the shards of a feed stand, also of a pipeline that was incremental before. */
export const feedPositions = (positions: ReadonlyMap<Shard, Position>): ReadonlyMap<Shard, Position> =>
  new Map([...positions].filter(([shard]) => shard !== savedShard));
