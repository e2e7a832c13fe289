import { setTimeout as delay } from 'node:timers/promises';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { openMongodbFeed } from '../../src/connectors/mongodb/feed/open-feed.ts';
import { shard } from '../../src/connectors/mongodb/feed/stream/batches.ts';
import { idColumn } from '../../src/connectors/mongodb/names.ts';
import type { FeedChange } from '../../src/protocol/change.ts';
import type { Feed, FeedCollection, FeedItem } from '../../src/protocol/feed.ts';
import type { Position } from '../../src/protocol/names.ts';
import { wellFormed } from '../support/well-formed.ts';

export const { signal } = new AbortController();
const patienceMs = 20_000;

export const openFeed = (url: string, notices: string[] = []): Promise<Feed> =>
  openMongodbFeed(mongodbConfigSchema.parse({ connector: 'mongodb', url, connectTimeoutMs: 2_000 }), {
    pipeline: 'it',
    lanes: 1,
    signal,
    notice: ({ message }) => void notices.push(message),
  });

/** Whole documents of these collections. */
export const captured = (...names: readonly string[]): readonly FeedCollection[] =>
  names.map((name) => ({ name, source: name, key: [idColumn], columns: [idColumn, '$$ROOT'] }));

/** Where the feed would begin now. */
export async function headOf(feed: Feed): Promise<Position> {
  const { positions } = await feed.head('from', { signal });
  return positions.get(shard) ?? '';
}

/** The only one. */
export const shardOf = ({ items }: Following): string =>
  items.flatMap((item) => ('shard' in item ? [item.shard] : [])).at(0) ?? shard;

/** A feed that is open, and all that it has told. */
export interface Following extends AsyncDisposable {
  readonly items: FeedItem[];
  readonly changes: readonly FeedChange[];
  /** `insert t 1` and so on, in order; a boundary that follows changes is `|`. */
  readonly story: readonly string[];
  /** The last one; where it began. */
  readonly boundary: Position;
  until(what: string, condition: (following: Following) => boolean): Promise<void>;
  /** Everything that is at the source by now was told. */
  caughtUp(): Promise<void>;
}

export interface FollowOptions {
  readonly from: Position;
  readonly collections: readonly FeedCollection[];
  readonly byteBudget?: number;
}

export function follow(feed: Feed, { from, collections, byteBudget = 2 ** 21 }: FollowOptions): Following {
  const stopping = new AbortController();
  const items: FeedItem[] = [];
  let failure: unknown = null;
  const options = { collections, byteBudget, signal: stopping.signal };
  const running = (async () => {
    for await (const item of feed.open(new Map([[shard, from]]), options)) {
      wellFormed('feedItem', item);
      items.push(item);
    }
  })().catch((thrown: unknown) => {
    failure = thrown;
  });
  const following: Following = {
    items,
    get changes() {
      return items.flatMap((item) => (item.kind === 'batch' ? item.changes : []));
    },
    get story() {
      return items.flatMap(tellItem);
    },
    get boundary() {
      return items.map(boundaryOf).findLast((boundary) => boundary !== null) ?? from;
    },
    until: async (what, condition) => {
      const giveUpAt = performance.now() + patienceMs;
      while (!condition(following)) {
        if (failure !== null) throw failure;
        if (performance.now() > giveUpAt)
          throw new Error(`not in time: ${what}; ${following.story.join(', ')}`);
        await delay(2);
      }
    },
    caughtUp: async () => {
      const { positions } = await feed.head('through', { signal });
      const head = positions.get(shard) ?? '';
      const isReached = (): boolean => feed.order(shard, following.boundary, head) !== 'before';
      await following.until('it has passed the head', isReached);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new Error('the test is over'));
      await running;
    },
  };
  return following;
}

function tellItem(item: FeedItem): readonly string[] {
  if (item.kind === 'gap') return ['gap'];
  if (item.kind === 'barrier') return [`${item.event.kind} ${item.collections.join('+')}`];
  if (item.kind === 'revoked') return ['revoked'];
  const told = item.changes.map(({ kind, collection, key }) => `${kind} ${collection} ${key}`);
  return item.boundary === null || told.length === 0 ? told : [...told, '|'];
}

const boundaryOf = (item: FeedItem): Position | null => {
  if (item.kind === 'gap') return item.gap.to;
  return item.kind === 'revoked' ? null : item.boundary;
};
