import { postgresConfigSchema } from '../../../src/connectors/postgres/config.ts';
import { openPostgresFeed } from '../../../src/connectors/postgres/feed/open-feed.ts';
import type { FeedChange } from '../../../src/protocol/change.ts';
import type { ConnectorNotice } from '../../../src/protocol/connector.ts';
import type { Feed, FeedCollection, FeedItem } from '../../../src/protocol/feed.ts';
import type { Position } from '../../../src/protocol/names.ts';
import { wellFormed } from '../../support/well-formed.ts';
import { never } from '../support.ts';

export interface FeedOptions {
  readonly collections?: readonly FeedCollection[];
  readonly pipeline?: string;
  readonly capture?: {
    readonly pollMs?: number;
    readonly maxLogRows?: number;
    readonly maxLogAgeMs?: number;
  };
  readonly stateSchema?: string;
  readonly resume?: Position;
  readonly byteBudget?: number;
  /** Default true: what was told is acknowledged at once. */
  readonly acknowledges?: boolean;
}

export const items: FeedCollection = { name: 'items', source: 'public.items', key: ['id'], columns: null };

/** A feed of triggers on a real database, set up, read in the background. */
export class FeedUnderTest implements AsyncDisposable {
  readonly feed: Feed;
  readonly notices: ConnectorNotice[];
  readonly collections: readonly FeedCollection[];
  readonly told: FeedItem[] = [];
  readonly #options: FeedOptions;
  #reading: { readonly stop: AbortController; readonly done: Promise<void> } | null = null;
  #changed: (() => void) | null = null;
  #failed: unknown = null;

  constructor(feed: Feed, notices: ConnectorNotice[], options: FeedOptions) {
    this.feed = feed;
    this.notices = notices;
    this.#options = options;
    this.collections = options.collections ?? [items];
  }

  get request() {
    return { collections: this.collections, signal: never };
  }

  start(resume: Position | undefined = this.#options.resume): void {
    const stop = new AbortController();
    this.#reading = { stop, done: this.#read(stop.signal, resume) };
  }

  /** Stops reading; what was told stays. */
  async stop(): Promise<void> {
    this.#reading?.stop.abort(new Error('the test stops it'));
    await this.#reading?.done;
    this.#reading = null;
    if (this.#failed !== null) throw this.#failed;
  }

  /** The keys that were told of a collection, former ones too, each once, sorted. */
  keys(collection = 'items'): string[] {
    const keys = this.changes(collection).flatMap((change) =>
      'previousKey' in change ? [change.key, change.previousKey ?? ''] : [change.key],
    );
    return [...new Set(keys)].sort();
  }

  changes(collection = 'items'): readonly FeedChange[] {
    const all = this.told.flatMap((item) => (item.kind === 'batch' ? item.changes : []));
    return all.filter((change) => change.collection === collection);
  }

  /** What was told that is no touch. */
  news(): string[] {
    return this.told.flatMap((item) => {
      if (item.kind === 'barrier') return [`${item.event.kind}: ${item.event.detail}`];
      return item.kind === 'gap' ? [`gap of ${item.collections?.join() ?? 'all'}: ${item.gap.reason}`] : [];
    });
  }

  get position(): Position {
    const last = this.told.findLast(
      (item) => (item.kind === 'batch' || item.kind === 'barrier') && item.boundary !== null,
    );
    if (last === undefined || !('boundary' in last) || last.boundary === null)
      throw new Error('nothing was told yet');
    return last.boundary;
  }

  /** Waits until a condition on what was told holds. */
  async until(holds: () => boolean, what: string, withinMs = 10_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      if (this.#failed !== null) throw this.#failed;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(
          `not within ${withinMs} ms: ${what}; told ${JSON.stringify(this.keys())} ${this.news().join('; ')}`,
        );
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        setTimeout(resolve, Math.min(leftMs, 50));
      });
    }
  }

  /** Waits until the stream has passed everything that can be seen now. */
  async caughtUp(): Promise<void> {
    const through = await this.head('through');
    await this.until(() => this.hasPassed(through), `passed ${through}`);
  }

  hasPassed(through: Position): boolean {
    return this.told.some((item) => {
      const at = item.kind === 'gap' ? item.gap.to : item.kind === 'revoked' ? null : item.boundary;
      return at !== null && this.feed.order('main', at, through) !== 'before';
    });
  }

  async head(kind: 'from' | 'through'): Promise<Position> {
    const { positions } = await this.feed.head(kind, { signal: never });
    return positions.get('main') ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reading?.stop.abort(new Error('the test is over'));
    await this.#reading?.done;
    await this.feed[Symbol.asyncDispose]();
  }

  async #read(signal: AbortSignal, resume: Position | undefined): Promise<void> {
    const from = new Map(resume === undefined ? [] : [['main', resume]]);
    const { byteBudget = 1 << 20, acknowledges = true } = this.#options;
    try {
      for await (const item of this.feed.open(from, { collections: this.collections, signal, byteBudget })) {
        wellFormed('feedItem', item);
        this.told.push(item);
        this.#changed?.();
        const at = item.kind === 'gap' ? item.gap.to : item.kind === 'revoked' ? null : item.boundary;
        if (acknowledges && at !== null) this.feed.acknowledge('main', 0, at);
      }
    } catch (thrown) {
      this.#failed = thrown;
      this.#changed?.();
    }
  }
}

/** Opened, not set up. */
export async function openFeed(url: string, options: FeedOptions = {}): Promise<FeedUnderTest> {
  const notices: ConnectorNotice[] = [];
  const config = postgresConfigSchema.parse({
    connector: 'postgres',
    url,
    stateSchema: options.stateSchema ?? 'lockstep',
    capture: { kind: 'triggers', ...options.capture },
  });
  const context = {
    pipeline: options.pipeline ?? 'shop',
    signal: never,
    lanes: 1,
    notice: (notice: ConnectorNotice) => void notices.push(notice),
  };
  return new FeedUnderTest(await openPostgresFeed(config, context), notices, options);
}

/** Set up, and reading from `head('from')` on. */
export async function followFeed(url: string, options: FeedOptions = {}): Promise<FeedUnderTest> {
  const feed = await openFeed(url, options);
  await feed.feed.prepare(feed.request);
  await feed.head('from');
  feed.start();
  return feed;
}
