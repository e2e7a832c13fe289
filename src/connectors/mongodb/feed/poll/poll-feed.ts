import { setTimeout as delay } from 'node:timers/promises';
import type {
  Feed,
  FeedCapabilities,
  FeedCollection,
  FeedItem,
  FeedRequest,
  Heads,
  Retained,
} from '../../../../protocol/feed.ts';
import type { Finding } from '../../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../../protocol/identity.ts';
import type { PipelineName, Position, Shard } from '../../../../protocol/names.ts';
import type { PreparedStep } from '../../../../protocol/writer.ts';
import { readIdentity } from '../../identity.ts';
import { orderPositions } from '../../position.ts';
import type { Deployment } from '../../session/deployment.ts';
import { epoch, shard } from '../stream/batches.ts';
import { removeWord } from '../word.ts';
import { checkPolling } from './check-polling.ts';
import { encodePoll, isPollOf } from './poll-position.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface PollParts {
  /** It belongs to the feed and ends with it. */
  readonly deployment: Deployment;
  readonly pipeline: PipelineName;
  readonly everyMs: number;
}

/**
 * Knows no change: it tells when it is time to compare both sides, at once and then again and again, and the walks of the pipeline find
 * what has changed. For servers without a change stream. A position is the moment at which a comparison was asked for.
 */
export class PollFeed implements Feed {
  readonly capabilities: FeedCapabilities = {
    transactions: false,
    deletes: true,
    origin: false,
    assigned: false,
    content: 'nothing',
  };
  readonly #parts: PollParts;
  /** The comparison that was asked for last since it was opened. */
  #asked: Position | null = null;

  constructor(parts: PollParts) {
    this.#parts = parts;
  }

  identity(options: SignalOption): Promise<SourceIdentity> {
    return readIdentity(this.#parts.deployment, options);
  }

  async check(): Promise<readonly Finding[]> {
    return checkPolling(this.#parts);
  }

  async preview(): Promise<readonly PreparedStep[]> {
    return [];
  }

  async prepare(): Promise<readonly PreparedStep[]> {
    return [];
  }

  /** Behind a head lies the comparison that was asked for last: what reads have seen since, the next one finds. */
  async head(kind: 'from' | 'through', options: SignalOption): Promise<Heads> {
    const atMs = await this.#clock(options);
    const position = kind === 'through' && this.#asked !== null ? this.#asked : await this.#at(atMs, options);
    return { positions: new Map([[shard, position]]), atMs };
  }

  async *open(
    resume: ReadonlyMap<Shard, Position>,
    { collections, signal }: FeedRequest & { readonly byteBudget: number },
  ): AsyncGenerator<FeedItem> {
    try {
      const from = resume.get(shard);
      if (from !== undefined) yield* this.#strange(from, { signal });
      for (;;) {
        yield* this.#ask(collections, { signal });
        await delay(this.#parts.everyMs, undefined, { signal });
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  /** Nothing is kept for us. */
  acknowledge(): void {
    // Nothing to be told.
  }

  order(_shard: Shard, a: Position, b: Position): 'before' | 'same' | 'after' {
    return orderPositions(a, b);
  }

  carries(): boolean {
    return false;
  }

  async retained(): Promise<Retained> {
    return { bytes: null, limitBytes: null, reachesBackMs: null, waitingFor: [] };
  }

  /** A source that is restored from an older copy is compared like any other. */
  async remember(): Promise<boolean> {
    return false;
  }

  async recall(): Promise<string | null> {
    return null;
  }

  remove({ signal }: FeedRequest): Promise<readonly PreparedStep[]> {
    const { deployment, pipeline } = this.#parts;
    return removeWord(deployment, { pipeline, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.deployment[Symbol.asyncDispose]();
  }

  /** What is compared next mends it; this is only to say so. */
  async *#strange(from: Position, options: SignalOption): AsyncGenerator<FeedItem> {
    const { id } = await this.identity(options);
    if (isPollOf(from, id)) return;
    const to = await this.#at(await this.#clock(options), options);
    const reason = 'it is another deployment, or its changes were captured otherwise';
    yield { kind: 'gap', gap: { shard, from, to, reason }, collections: null };
  }

  async *#ask(collections: readonly FeedCollection[], options: SignalOption): AsyncGenerator<FeedItem> {
    const atMs = await this.#clock(options);
    const boundary = await this.#at(atMs, options);
    this.#asked = boundary;
    const detail = 'the source tells no changes, so both sides are compared';
    for (const source of new Set(collections.map((collection) => collection.source))) {
      const names = collections.filter((each) => each.source === source).map(({ name }) => name);
      const event = { kind: 'compare', source, detail } as const;
      yield { kind: 'barrier', shard, collections: names, event, boundary: null };
    }
    yield { kind: 'batch', shard, epoch, changes: [], boundary, committedAtMs: atMs, bytes: 0 };
  }

  async #at(atMs: number, options: SignalOption): Promise<Position> {
    const { id } = await this.identity(options);
    return encodePoll({ identity: id, atMs });
  }

  /** The server's, in epoch milliseconds. */
  async #clock({ signal }: SignalOption): Promise<number> {
    const hello = await this.#parts.deployment.run({ signal }, (db) => db.command({ hello: 1 }, { signal }));
    return Number(hello['localTime']);
  }
}
