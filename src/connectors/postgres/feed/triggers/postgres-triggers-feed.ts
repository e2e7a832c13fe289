import type { ConnectorNotice } from '../../../../protocol/connector.ts';
import type {
  Feed,
  FeedCapabilities,
  FeedItem,
  FeedRequest,
  Heads,
  Retained,
} from '../../../../protocol/feed.ts';
import type { Finding } from '../../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../../protocol/identity.ts';
import type { Epoch, Position, Shard } from '../../../../protocol/names.ts';
import type { PreparedStep } from '../../../../protocol/writer.ts';
import { readIdentity } from '../../identity.ts';
import type { SessionPool } from '../../session/pool.ts';
import { recallWord, rememberWord, removeWords, type WordPlace } from '../word.ts';
import { captureRequests } from './capture-request.ts';
import { checkTriggers } from './check-triggers.ts';
import { headFrom, headThrough, type LogHead } from './head.ts';
import { comparePositions, decodePosition, encodePosition, isSameLog, type LogPosition } from './position.ts';
import { LogEmptier } from './read/log-emptier.ts';
import { followLog } from './read/log-follower.ts';
import { retainedInLog } from './retained.ts';
import type { SetupContext } from './setup/mend-capture.ts';
import { type PrepareRequest, prepareCapture, previewCapture } from './setup/prepare.ts';
import { removeCapture } from './setup/remove.ts';

export interface TriggersFeedParts {
  readonly pool: SessionPool;
  readonly context: SetupContext;
  readonly defaultSchema: string;
  readonly pollMs: number;
}

interface SignalOption {
  readonly signal: AbortSignal;
}

/** All changes of a log are in one order. */
const shard: Shard = 'main';

/**
 * Changes of a PostgreSQL database, told by triggers that write the keys of changed rows into a log beside the tables. Every change
 * is a touch: the order in the log is not the order of a row's versions, so rows are read again.
 */
export class PostgresTriggersFeed implements Feed {
  readonly capabilities: FeedCapabilities = {
    transactions: false,
    deletes: true,
    origin: false,
    assigned: false,
    content: 'touches',
  };
  readonly #parts: TriggersFeedParts;
  readonly #emptier: LogEmptier;
  #from: LogHead | null = null;
  /** The log that we follow now. */
  #log: LogPosition | null = null;

  /** The pool belongs to the feed and ends with it. */
  constructor(parts: TriggersFeedParts) {
    this.#parts = parts;
    this.#emptier = new LogEmptier(parts.pool, parts.context.layout);
  }

  identity(options: SignalOption): Promise<SourceIdentity> {
    return this.#parts.pool.use((session) => readIdentity(session, options), options);
  }

  check(request: FeedRequest): Promise<readonly Finding[]> {
    return this.#parts.pool.use((session) => checkTriggers(session, this.#setup(request)), request);
  }

  preview(request: FeedRequest): Promise<readonly PreparedStep[]> {
    return previewCapture(this.#parts.pool, this.#setup(request));
  }

  prepare(request: FeedRequest): Promise<readonly PreparedStep[]> {
    return prepareCapture(this.#parts.pool, this.#setup(request));
  }

  async head(kind: 'from' | 'through', options: SignalOption): Promise<Heads> {
    const { pool, context } = this.#parts;
    const { id } = await this.identity(options);
    const request = { ...options, layout: context.layout, identity: id };
    const head =
      kind === 'from'
        ? await headFrom(pool, request)
        : await pool.use((session) => headThrough(session, request), options);
    if (kind === 'from') this.#from = head;
    this.#log = head.position;
    return { positions: new Map([[shard, encodePosition(head.position)]]), atMs: head.atMs };
  }

  async *open(
    resume: ReadonlyMap<Shard, Position>,
    { byteBudget, ...request }: FeedRequest & { readonly byteBudget: number },
  ): AsyncIterable<FeedItem> {
    const { signal } = request;
    const { pool, pollMs } = this.#parts;
    try {
      const { id } = await this.identity({ signal });
      const follow = {
        ...this.#setup(request),
        pool,
        pollMs,
        byteBudget,
        shard,
        identity: id,
        emptier: this.#emptier,
      };
      const start = await this.#start(resume, { signal });
      for await (const item of followLog({ ...follow, resume: start })) {
        if (item.kind === 'gap' && item.gap.to !== null) this.#log = decodePosition(item.gap.to);
        yield item;
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  acknowledge(_shard: Shard, _epoch: Epoch, position: Position): void {
    this.#emptier.acknowledge(decodePosition(position));
  }

  /** No values are told. */
  carries(): boolean {
    return false;
  }

  order(_shard: Shard, a: Position, b: Position): 'before' | 'same' | 'after' {
    const [one, other] = [decodePosition(a), decodePosition(b)];
    // The log that we follow is newer than any that was before it.
    if (!isSameLog(one, other)) return this.#log !== null && isSameLog(one, this.#log) ? 'after' : 'before';
    const compared = comparePositions(one, other);
    return compared === 0 ? 'same' : compared < 0 ? 'before' : 'after';
  }

  retained(options: SignalOption): Promise<Retained> {
    const { pool, context } = this.#parts;
    const request = { ...options, layout: context.layout, maxLogRows: context.bounds.maxLogRows };
    return pool.use((session) => retainedInLog(session, request), options);
  }

  remember(word: string, options: SignalOption): Promise<boolean> {
    return rememberWord(this.#parts.pool, { ...this.#words(options), word });
  }

  recall(options: SignalOption): Promise<string | null> {
    return recallWord(this.#parts.pool, this.#words(options));
  }

  async remove({ signal }: FeedRequest): Promise<readonly PreparedStep[]> {
    const { pool, context } = this.#parts;
    const words = await removeWords(pool, this.#words({ signal }));
    return [...words, ...(await removeCapture(pool, { layout: context.layout, signal }))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#emptier[Symbol.asyncDispose]();
    await this.#parts.pool[Symbol.asyncDispose]();
  }

  async #start(resume: ReadonlyMap<Shard, Position>, options: SignalOption) {
    const position = resume.get(shard);
    if (position !== undefined) return decodePosition(position);
    if (this.#from === null) await this.head('from', options);
    if (this.#from === null) throw new Error('there is no position to begin at');
    return this.#from.position;
  }

  #setup({ collections, signal }: FeedRequest): PrepareRequest {
    const { pool, context, defaultSchema } = this.#parts;
    const notice = (notice: ConnectorNotice): void => pool.notice(notice);
    return { context, captures: captureRequests(collections, defaultSchema), signal, notice };
  }

  #words({ signal }: SignalOption): WordPlace {
    const { schemaName, pipeline } = this.#parts.context.layout;
    return { stateSchema: schemaName, pipeline, signal };
  }
}
