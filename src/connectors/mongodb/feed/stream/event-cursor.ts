import { BSON, type ClientSession, type Document, type Long, MongoServerError } from 'mongodb';
import { toError } from '../../../../protocol/errors/lockstep-error.ts';
import { cursorBatches, cursorId } from '../../bson/cursor-fields.ts';
import { ElementScan, fieldName } from '../../bson/element-scan.ts';
import { type ClusterTime, timeOfTimestamp } from '../../cluster-time.ts';
import type { Deployment } from '../../session/deployment.ts';
import { timeOfToken } from './token.ts';

/** What one round trip brought. */
export interface EventReply {
  /** As the server sent them. */
  readonly events: readonly Uint8Array[];
  /** Behind the last of them, or further on where nothing else was for us. */
  readonly token: Uint8Array;
  readonly tokenTime: ClusterTime;
  /** What a majority had by the end of it. */
  readonly committed: ClusterTime;
  /** The server ended the stream: nothing comes behind the last event. */
  readonly isLast: boolean;
}

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface MoreOptions {
  /** How long the server waits for an event before it answers that there is none. */
  readonly waitMs: number;
  readonly batchSize: number;
}

const goodbyeMs = 1_000;

/**
 * A change stream by commands of our own, whose replies stay bytes: that takes a fifth of the CPU that the driver's own stream takes. On one
 * session, as the server wants it; the session is not causal, since it would only make reads wait.
 */
export class EventCursor implements AsyncDisposable {
  readonly #deployment: Deployment;
  readonly #session: ClientSession;
  readonly #signal: AbortSignal;
  #id: Long;

  private constructor(
    deployment: Deployment,
    parts: { session: ClientSession; signal: AbortSignal; id: Long },
  ) {
    this.#deployment = deployment;
    this.#session = parts.session;
    this.#signal = parts.signal;
    this.#id = parts.id;
  }

  static async open(
    deployment: Deployment,
    { pipeline, signal }: SignalOption & { readonly pipeline: readonly Document[] },
  ): Promise<EventCursor> {
    const session = deployment.client.startSession({ causalConsistency: false });
    try {
      const aggregate = {
        aggregate: 1,
        pipeline,
        cursor: { batchSize: 0 },
        readConcern: { level: 'majority' },
      };
      const { id } = await ask(deployment, aggregate, { session, signal });
      return new EventCursor(deployment, { session, signal, id });
    } catch (thrown) {
      await session.endSession();
      throw thrown;
    }
  }

  async more({ waitMs, batchSize }: MoreOptions): Promise<EventReply> {
    const getMore = { getMore: this.#id, collection: '$cmd.aggregate', batchSize, maxTimeMS: waitMs };
    const { id, events, token, committed } = await this.#ask(getMore);
    this.#id = id;
    return { events, token, tokenTime: timeOfToken(token), committed, isLast: id.isZero() };
  }

  async #ask(command: Document): Promise<CursorReply> {
    try {
      return await ask(this.#deployment, command, { session: this.#session, signal: this.#signal });
    } catch (thrown) {
      // The server has ended the cursor, or is away.
      if (!this.#signal.aborted) this.#id = BSON.Long.ZERO;
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#id.isZero()) await this.#kill();
    await this.#session.endSession();
  }

  /** A server that can't be reached, or that knows the cursor no more, ends it by itself. */
  async #kill(): Promise<void> {
    const kill = { killCursors: '$cmd.aggregate', cursors: [this.#id] };
    const signal = AbortSignal.timeout(goodbyeMs);
    await this.#deployment.db.command(kill, { session: this.#session, signal }).catch(toError);
  }
}

interface CursorReply {
  readonly id: Long;
  readonly events: readonly Uint8Array[];
  readonly token: Uint8Array;
  readonly committed: ClusterTime;
}

function ask(
  deployment: Deployment,
  command: Document,
  { session, signal }: SignalOption & { readonly session: ClientSession },
): Promise<CursorReply> {
  return deployment.run({ signal, collection: 'the change stream' }, async (db) => {
    const reply = await db.command(command, { raw: true, session, signal });
    const cursor: unknown = reply['cursor'];
    const committed = timeOfTimestamp(reply['operationTime']) ?? '';
    if (cursor instanceof Uint8Array) return { ...readCursor(cursor), committed };
    throw new TypeError('the driver decoded a cursor that was asked for raw');
  });
}

const tokenName = fieldName('postBatchResumeToken');

function readCursor(cursor: Uint8Array): Omit<CursorReply, 'committed'> {
  let id: Long = BSON.Long.ZERO;
  let token: Uint8Array = new Uint8Array();
  const events: Uint8Array[] = [];
  const scan = new ElementScan(cursor);
  while (scan.next()) {
    if (scan.isNamed(cursorId)) id = BSON.Long.fromBytesLE([...scan.value]);
    else if (scan.isNamed(tokenName)) token = scan.value;
    else if (cursorBatches.some((name) => scan.isNamed(name))) {
      const items = new ElementScan(cursor, scan.valueAt);
      while (items.next()) events.push(items.value);
    }
  }
  return { id, events, token };
}

/** The server's number of an error that we have in our words; null: it is none of a server. */
export function serverCodeOf(thrown: unknown): number | null {
  const cause = thrown instanceof Error ? thrown.cause : null;
  return cause instanceof MongoServerError ? Number(cause.code) : null;
}
