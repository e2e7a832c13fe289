import type { Document } from 'mongodb';
import { type ClusterTime, timeAfter, timestampOf } from '../../cluster-time.ts';
import { readEvent } from '../../feed/stream/event.ts';
import { EventCursor, serverCodeOf } from '../../feed/stream/event-cursor.ts';
import { historyLost } from '../../feed/stream/lost-history.ts';
import { logTime } from '../../reader/not-before.ts';
import type { Deployment } from '../../session/deployment.ts';
import { looksOf } from './alike.ts';

export interface WatchRequest {
  readonly targets: readonly string[];
  readonly since: ClusterTime;
  readonly signal: AbortSignal;
}

const writes: ReadonlySet<string> = new Set(['insert', 'update', 'replace', 'delete']);
const perReply = { waitMs: 50, batchSize: 1_000 };

interface Watched extends WatchRequest {
  readonly deployment: Deployment;
  readonly expiring: ReadonlySet<string>;
}

/** What was written since; null: the server's log does not reach back so far any more. */
export async function writesSince(
  deployment: Deployment,
  request: WatchRequest,
): Promise<ReadonlyMap<string, number> | null> {
  try {
    await using watch = await WriteWatch.open(deployment, request);
    return await watch.seen();
  } catch (thrown) {
    const code = serverCodeOf(thrown);
    if (code !== null && historyLost[code] !== undefined) return null;
    throw thrown;
  }
}

/** The server's own deletes can't be told from those of others. They are no harm: what expires there expires in a copy with the same indexes too. */
async function whereDocumentsExpire(
  deployment: Deployment,
  { targets, signal }: WatchRequest,
): Promise<ReadonlySet<string>> {
  const expiring = new Set<string>();
  for (const target of targets) {
    const looks = await looksOf(deployment, target, { signal });
    const made = looks === null ? [] : [looks.options, ...looks.indexes];
    if (made.some((each) => each['expireAfterSeconds'] !== undefined)) expiring.add(target);
  }
  return expiring;
}

/**
 * Counts what somebody else writes to the targets while we write nothing, up to where each is renamed over: a rename can't be made part of
 * a transaction that would refuse it, but the log tells what came in between.
 */
class WriteWatch implements AsyncDisposable {
  readonly #deployment: Deployment;
  readonly #cursor: EventCursor;
  readonly #signal: AbortSignal;
  readonly #counts = new Map<string, number>();
  readonly #renamed = new Set<string>();
  readonly #targets: ReadonlySet<string>;
  readonly #expiring: ReadonlySet<string>;

  private constructor(cursor: EventCursor, { deployment, targets, expiring, signal }: Watched) {
    this.#deployment = deployment;
    this.#cursor = cursor;
    this.#signal = signal;
    this.#targets = new Set(targets);
    this.#expiring = expiring;
  }

  static async open(deployment: Deployment, request: WatchRequest): Promise<WriteWatch> {
    const expiring = await whereDocumentsExpire(deployment, request);
    const pipeline = stages(request);
    const cursor = await EventCursor.open(deployment, { pipeline, signal: request.signal });
    return new WriteWatch(cursor, { ...request, deployment, expiring });
  }

  /** By target, of all that is in the log by now. */
  async seen(): Promise<ReadonlyMap<string, number>> {
    const until = (await logTime(this.#deployment, { signal: this.#signal })) ?? '';
    for (;;) {
      const { events, tokenTime } = await this.#cursor.more(perReply);
      for (const event of events) this.#take(event);
      if (tokenTime >= until) return this.#counts;
    }
  }

  #take(bytes: Uint8Array): void {
    const { operation, collection, to } = readEvent(bytes);
    if (operation === 'rename' && to !== null) this.#renamed.add(to);
    if (collection === null || !writes.has(operation)) return;
    if (operation === 'delete' && this.#expiring.has(collection)) return;
    if (this.#targets.has(collection) && !this.#renamed.has(collection))
      this.#counts.set(collection, (this.#counts.get(collection) ?? 0) + 1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cursor[Symbol.asyncDispose]();
  }
}

function stages({ targets, since }: WatchRequest): readonly Document[] {
  const ours = { $in: targets };
  return [
    { $changeStream: { startAtOperationTime: timestampOf(timeAfter(since)) } },
    { $match: { $or: [{ 'ns.coll': ours }, { 'to.coll': ours }] } },
    { $unset: ['fullDocument', 'updateDescription'] },
  ];
}
