import { postgresConfigSchema } from '../../../src/connectors/postgres/config.ts';
import { openLogicalFeed } from '../../../src/connectors/postgres/feed/logical/open-logical-feed.ts';
import type { FeedChange } from '../../../src/protocol/change.ts';
import type { ConnectorNotice } from '../../../src/protocol/connector.ts';
import type { Feed, FeedCollection, FeedItem } from '../../../src/protocol/feed.ts';
import type { Position, Shard } from '../../../src/protocol/names.ts';
import { wellFormed } from '../../support/well-formed.ts';
import { never } from '../support.ts';

export interface FeedOptions {
  readonly pipeline?: string;
  readonly capture?: Record<string, unknown>;
  readonly maxRowBytes?: number;
  readonly stallTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly notice?: (notice: ConnectorNotice) => void;
}

let counted = 0;

/** A pipeline name that no other test of the server has: slots are the whole server's. */
export const pipelineName = (): string => {
  counted += 1;
  return `t${process.pid}_${Date.now() % 1_000_000}_${counted}`;
};

export function feedFor(
  url: string,
  { pipeline = pipelineName(), capture = {}, notice = () => undefined, ...rest }: FeedOptions = {},
): Promise<Feed> {
  const config = postgresConfigSchema.parse({
    connector: 'postgres',
    url,
    ...rest,
    capture: { kind: 'logical', ...capture },
  });
  return openLogicalFeed(config, { pipeline, signal: never, lanes: 1, notice });
}

export const collection = (
  source: string,
  columns: readonly string[] | null,
  key: readonly string[] = ['id'],
): FeedCollection => ({ name: source, source, key, columns });

export const noPositions: ReadonlyMap<Shard, Position> = new Map();
export const at = (position: Position): ReadonlyMap<Shard, Position> => new Map([['main', position]]);

/** A feed that is being read; items that came are kept. */
export class Reading implements AsyncDisposable {
  readonly items: FeedItem[] = [];
  readonly feed: Feed;
  failure: unknown = null;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #held: Promise<void> = Promise.resolve();
  #release = (): void => undefined;

  constructor(
    feed: Feed,
    collections: readonly FeedCollection[],
    {
      resume = noPositions,
      byteBudget = 1 << 24,
    }: { resume?: ReadonlyMap<Shard, Position>; byteBudget?: number } = {},
  ) {
    this.feed = feed;
    this.#done = this.#read(feed.open(resume, { collections, byteBudget, signal: this.#abort.signal }));
  }

  get changes(): FeedChange[] {
    return this.items.flatMap((item) => (item.kind === 'batch' ? item.changes : []));
  }

  /** The last place where it is safe to stop. */
  get boundary(): Position {
    const last = this.items.findLast((item) => item.kind === 'batch' && item.boundary !== null);
    if (last?.kind !== 'batch' || last.boundary === null) throw new Error('there is no boundary yet');
    return last.boundary;
  }

  /** Items are not taken until the result is called. */
  hold(): () => void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
    return this.#release;
  }

  /** Waits for a state; throws when the feed ended before. */
  async until(state: () => boolean, what = String(state)): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!state()) {
      if (this.failure !== null) throw this.failure;
      if (Date.now() > deadline) throw new Error(`never came: ${what}; ${this.items.length} items`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until so many changes came. */
  async take(count: number): Promise<FeedChange[]> {
    await this.until(() => this.changes.length >= count, `${count} changes`);
    return this.changes;
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('the test is done'));
    this.#release();
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #read(items: AsyncIterable<FeedItem>): Promise<void> {
    try {
      for await (const item of items) {
        wellFormed('feedItem', item);
        this.items.push(item);
        await this.#held;
      }
    } catch (thrown) {
      this.failure = thrown;
    }
  }
}

/** Slot and publication made, and everything told from here on. */
export async function begun(feed: Feed, collections: readonly FeedCollection[]): Promise<Position> {
  await feed.prepare({ collections, signal: never });
  const { positions } = await feed.head('from', { signal: never });
  return positions.get('main') ?? '';
}
