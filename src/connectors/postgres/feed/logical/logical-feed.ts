import { toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
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
import type { PostgresConfig } from '../../config.ts';
import { readIdentity } from '../../identity.ts';
import type { SessionPool } from '../../session/pool.ts';
import { carries } from '../carries.ts';
import { recallWord, rememberWord, removeWords } from '../word.ts';
import { checkCapture } from './check/check-capture.ts';
import { shard } from './decode/assembler.ts';
import type { Relation } from './decode/relation.ts';
import { headFrom, headThrough } from './head.ts';
import type { Lsn } from './lsn.ts';
import { formatPosition, orderPositions, parsePosition } from './position.ts';
import { readRetained } from './retained.ts';
import type { CaptureSetup } from './setup/capture-setup.ts';
import { planSetup } from './setup/plan-setup.ts';
import { prepareCapture } from './setup/prepare-capture.ts';
import { removeCapture } from './setup/remove-capture.ts';
import { uncapturedNames } from './setup/uncaptured.ts';
import type { LogicalStream } from './stream/logical-stream.ts';
import { type StreamRun, streamItems } from './stream/stream-items.ts';
import type { LastSeen } from './watch/last-seen.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

interface FeedParts {
  readonly config: PostgresConfig;
  readonly setup: CaptureSetup;
  readonly lastSeen: LastSeen;
}

/** The changes of one PostgreSQL database out of its own change stream: one slot, one publication, one shard. */
export class PostgresLogicalFeed implements Feed {
  readonly capabilities: FeedCapabilities = {
    transactions: true,
    deletes: true,
    origin: true,
    assigned: false,
    content: 'rows',
  };
  readonly #config: PostgresConfig;
  readonly #setup: CaptureSetup;
  readonly #pool: SessionPool;
  readonly #shapes = new Map<number, Relation>();
  readonly #lastSeen: LastSeen;
  #acknowledged: Lsn = 0n;
  /** Where `head('from')` was, until something was consumed. */
  #from: Position | null = null;
  #consumed = false;
  #stream: LogicalStream | null = null;

  constructor({ config, setup, lastSeen }: FeedParts) {
    this.#config = config;
    this.#setup = setup;
    this.#lastSeen = lastSeen;
    this.#pool = setup.pool;
  }

  identity({ signal }: SignalOption): Promise<SourceIdentity> {
    return this.#pool.use((session) => readIdentity(session, { signal }), { signal });
  }

  check(request: FeedRequest): Promise<readonly Finding[]> {
    return this.#pool.use((session) => checkCapture(session, this.#setup, request), request);
  }

  async preview(request: FeedRequest): Promise<readonly PreparedStep[]> {
    const plan = await this.#pool.use((session) => planSetup(session, this.#setup, request), request);
    return plan.steps;
  }

  prepare(request: FeedRequest): Promise<readonly PreparedStep[]> {
    return prepareCapture(this.#setup, request);
  }

  uncaptured(request: FeedRequest): Promise<readonly string[]> {
    return this.#pool.use((session) => uncapturedNames(session, this.#setup, request), request);
  }

  async head(kind: 'from' | 'through', { signal }: SignalOption): Promise<Heads> {
    const source = (await this.identity({ signal })).id;
    if (kind === 'through') {
      const { lsn, atMs } = await this.#pool.use((session) => headThrough(session, { signal }), { signal });
      this.#stream?.want(lsn);
      return { positions: new Map([[shard, formatPosition({ source, lsn })]]), atMs };
    }
    const { lsn, atMs } = await headFrom(this.#setup, { consumed: this.#consumed, signal });
    const position = formatPosition({ source, lsn });
    if (!this.#consumed) this.#from = position;
    return { positions: new Map([[shard, position]]), atMs };
  }

  async *open(
    resume: ReadonlyMap<Shard, Position>,
    options: FeedRequest & { readonly byteBudget: number },
  ): AsyncGenerator<FeedItem> {
    const source = (await this.identity(options)).id;
    const position = resume.get(shard) ?? this.#from;
    this.#consumed = true;
    this.#acknowledged = 0n;
    const run: StreamRun = {
      ...options,
      config: this.#config,
      setup: this.#setup,
      source,
      resume: position === null ? null : parsePosition(position),
      shapes: this.#shapes,
      lastSeen: this.#lastSeen,
      acknowledged: () => this.#acknowledged,
      begun: (stream) => {
        this.#stream = stream;
      },
    };
    try {
      yield* streamItems(run);
    } catch (thrown) {
      if (!options.signal.aborted) throw toLockstepError(thrown);
    } finally {
      this.#stream = null;
    }
  }

  acknowledge(_shard: Shard, _epoch: Epoch, position: Position): void {
    const { lsn } = parsePosition(position);
    if (lsn <= this.#acknowledged) return;
    this.#acknowledged = lsn;
    this.#stream?.acknowledged();
  }

  order(_shard: Shard, a: Position, b: Position): 'before' | 'same' | 'after' {
    return orderPositions(a, b);
  }

  carries(sourceType: string, targetType: string): boolean {
    return carries(sourceType, targetType);
  }

  retained({ signal }: SignalOption): Promise<Retained> {
    return this.#pool.use((session) => readRetained(session, this.#setup.names.slot, { signal }), { signal });
  }

  remember(word: string, { signal }: SignalOption): Promise<boolean> {
    return rememberWord(this.#pool, { ...this.#wordPlace(), word, signal });
  }

  recall({ signal }: SignalOption): Promise<string | null> {
    return recallWord(this.#pool, { ...this.#wordPlace(), signal });
  }

  async remove({ signal }: FeedRequest): Promise<readonly PreparedStep[]> {
    const steps = await removeCapture(this.#setup, signal);
    return [...steps, ...(await removeWords(this.#pool, { ...this.#wordPlace(), signal }))];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]();
  }

  #wordPlace(): { readonly stateSchema: string; readonly pipeline: string } {
    return { stateSchema: this.#config.stateSchema, pipeline: this.#setup.pipeline };
  }
}
