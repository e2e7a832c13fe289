import type { ConnectorNotice } from '../../../protocol/connector.ts';
import type {
  Feed,
  FeedCapabilities,
  FeedItem,
  FeedRequest,
  Heads,
  Retained,
} from '../../../protocol/feed.ts';
import type { Finding } from '../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { PipelineName, Position, Shard } from '../../../protocol/names.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { readIdentity } from '../identity.ts';
import { decodePosition, encodePosition, orderPositions, type StreamPosition } from '../position.ts';
import type { Deployment } from '../session/deployment.ts';
import { checkStream } from './check-stream.ts';
import { readHead } from './head.ts';
import { readLogSpan } from './log-window.ts';
import { shard } from './stream/batches.ts';
import { follow } from './stream/follow.ts';
import { recallWord, rememberWord, removeWord } from './word.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface FeedParts {
  /** It belongs to the feed and ends with it. */
  readonly deployment: Deployment;
  readonly pipeline: PipelineName;
  readonly notice: (notice: ConnectorNotice) => void;
}

/** The changes of one MongoDB database out of its change stream. Nothing is made at the source for it, and nothing is kept there for us. */
export class MongodbFeed implements Feed {
  readonly capabilities: FeedCapabilities = {
    transactions: true,
    deletes: true,
    origin: false,
    assigned: false,
    content: 'rows',
  };
  readonly #deployment: Deployment;
  readonly #pipeline: PipelineName;
  readonly #notice: FeedParts['notice'];
  #from: StreamPosition | null = null;
  #wanted: ClusterTime | null = null;
  /** Each further attempt would only be one more refusal in the source's own log. */
  #isLogHidden = false;

  constructor({ deployment, pipeline, notice }: FeedParts) {
    this.#deployment = deployment;
    this.#pipeline = pipeline;
    this.#notice = notice;
  }

  identity(options: SignalOption): Promise<SourceIdentity> {
    return readIdentity(this.#deployment, options);
  }

  check(request: FeedRequest): Promise<readonly Finding[]> {
    return checkStream(this.#deployment, request);
  }

  async preview(): Promise<readonly PreparedStep[]> {
    return [];
  }

  async prepare(): Promise<readonly PreparedStep[]> {
    return [];
  }

  async head(kind: 'from' | 'through', options: SignalOption): Promise<Heads> {
    const { id } = await this.identity(options);
    const { time, atMs } = await readHead(this.#deployment, options);
    const position = { identity: id, time, token: null };
    if (kind === 'from') this.#from = position;
    else if (this.#wanted === null || time > this.#wanted) this.#wanted = time;
    return { positions: new Map([[shard, encodePosition(position)]]), atMs };
  }

  async *open(
    resume: ReadonlyMap<Shard, Position>,
    { collections, byteBudget, signal }: FeedRequest & { readonly byteBudget: number },
  ): AsyncGenerator<FeedItem> {
    try {
      const { id } = await this.identity({ signal });
      yield* follow({
        collections,
        byteBudget,
        signal,
        deployment: this.#deployment,
        identity: id,
        resume: await this.#start(resume, { signal }),
        wanted: () => this.#wanted,
        notice: this.#notice,
      });
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  /** The source keeps its log by size and time, whoever reads it. */
  acknowledge(): void {
    // Nothing to be told.
  }

  order(_shard: Shard, a: Position, b: Position): 'before' | 'same' | 'after' {
    return orderPositions(a, b);
  }

  carries(sourceType: string, targetType: string): boolean {
    return sourceType === targetType;
  }

  /** The log's size is its own, whoever reads it. */
  async retained(options: SignalOption): Promise<Retained> {
    const reachesBackMs = this.#isLogHidden ? null : await readLogSpan(this.#deployment, options);
    this.#isLogHidden = reachesBackMs === null;
    return { bytes: null, limitBytes: null, reachesBackMs, waitingFor: [] };
  }

  remember(word: string, { signal }: SignalOption): Promise<boolean> {
    return rememberWord(this.#deployment, { pipeline: this.#pipeline, word, signal });
  }

  recall({ signal }: SignalOption): Promise<string | null> {
    return recallWord(this.#deployment, { pipeline: this.#pipeline, signal });
  }

  remove({ signal }: FeedRequest): Promise<readonly PreparedStep[]> {
    return removeWord(this.#deployment, { pipeline: this.#pipeline, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment[Symbol.asyncDispose]();
  }

  async #start(resume: ReadonlyMap<Shard, Position>, options: SignalOption): Promise<StreamPosition> {
    const position = resume.get(shard);
    if (position !== undefined) return decodePosition(position);
    if (this.#from !== null) return this.#from;
    const { positions } = await this.head('from', options);
    return decodePosition(positions.get(shard) ?? '');
  }
}
