import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectorNotice } from '../../../../protocol/connector.ts';
import { isLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { FeedItem, FeedRequest } from '../../../../protocol/feed.ts';
import type { ClusterTime } from '../../cluster-time.ts';
import { encodePosition, type StreamPosition } from '../../position.ts';
import type { Deployment } from '../../session/deployment.ts';
import { readHead } from '../head.ts';
import { Batches, shard } from './batches.ts';
import { readEvent } from './event.ts';
import { EventCursor, type EventReply, type MoreOptions, serverCodeOf } from './event-cursor.ts';
import { eventNotFound, historyLost, strangeResume, tooLarge } from './lost-history.ts';
import { stages } from './stages.ts';
import { Teller, tellsDocuments } from './teller.ts';
import { hasTokenEvent } from './token-event.ts';

export interface FollowRequest extends FeedRequest {
  readonly deployment: Deployment;
  readonly identity: string;
  readonly resume: StreamPosition;
  readonly byteBudget: number;
  /** Somebody waits for this time to be passed; null: nobody ever did. */
  readonly wanted: () => ClusterTime | null;
  readonly notice: (notice: ConnectorNotice) => void;
}

/** An idle source says how far it is when the server has waited in vain: sooner if somebody waits for that. */
const waitMs = 250;
const wantedWaitMs = 20;
/** Only to hear whether the last transaction goes on: what is there comes at once. */
const shortestWaitMs = 1;

/**
 * After a small reply the server is left alone for a moment: changes that follow one another come together then, and to ask for each by
 * itself would take the CPU that brings them to the target. At 500 changes/s a shorter rest makes them later.
 */
const restMs = 5;
const smallReply = 100;

const firstBatch = 500;
const mostEvents = 10_000;
/** After an event was too large so many are told by their keys, one by one. */
const mostByKey = 20;
/** Cursors in a row that brought nothing before something about the next event is suspected. */
const mostFruitless = 3;

/** MongoDB 8.0 writes several inserts outside of transactions as one entry of its log. */
const entriesOfSeveralFrom = 24;

/** Tells what a change stream tells, for ever; throws when aborted, and what a new stream from here would not cure. */
export async function* follow(request: FollowRequest): AsyncGenerator<FeedItem> {
  yield* new Follower(request).run();
}

class Follower {
  readonly #request: FollowRequest;
  #at: StreamPosition;
  #batches: Batches;
  #teller: Teller;
  #batchSize = firstBatch;
  /** So many events are to be told without their documents, one by one. */
  #byKey = 0;
  /** What a majority had before the server was asked last. */
  #committed: ClusterTime = '';
  /** Cursors in a row that brought no reply. */
  #fruitless = 0;
  /** An event since it was resumed: the server has found where that was. */
  #hasSeen = false;

  constructor(request: FollowRequest) {
    this.#request = request;
    this.#at = request.resume;
    this.#batches = this.#begin();
    this.#teller = this.#makeTeller();
  }

  async *run(): AsyncGenerator<FeedItem> {
    const { deployment, identity, signal } = this.#request;
    const strange = strangeResume(this.#at, {
      identity,
      head: (await readHead(deployment, { signal })).time,
    });
    if (strange !== null) yield await this.#jump(strange);
    for (;;) {
      try {
        yield* this.#read();
      } catch (thrown) {
        const reason = await this.#react(thrown);
        if (reason !== null) yield await this.#jump(reason);
      }
    }
  }

  /** One cursor's life, until the server or something that it told ends it. The next reply is on its way while one is told. */
  async *#read(): AsyncGenerator<FeedItem> {
    const { deployment, signal } = this.#request;
    const isByKey = this.#byKey > 0;
    await using cursor = await EventCursor.open(deployment, { pipeline: this.#stages(), signal });
    let next: Promise<EventReply> | null = this.#more(cursor, { rests: false });
    while (next !== null) {
      const reply: EventReply = await next;
      this.#take(reply);
      const isDone = reply.isLast || isByKey !== this.#byKey > 0;
      const { length } = reply.events;
      const isSmall = length > 0 && length < smallReply && !this.#batches.isOpen;
      next = isDone ? null : this.#more(cursor, { rests: isSmall });
      yield* this.#batches.takeItems();
    }
  }

  #more(cursor: EventCursor, { rests }: { readonly rests: boolean }): Promise<EventReply> {
    const reply = rests
      ? this.#rested().then(() => cursor.more(this.#moreOptions()))
      : cursor.more(this.#moreOptions());
    // Whoever takes no further item does not hear of it.
    reply.catch(() => undefined);
    return reply;
  }

  #moreOptions(): MoreOptions {
    const wanted = this.#request.wanted();
    const usual = wanted !== null && wanted > this.#at.time ? wantedWaitMs : waitMs;
    const batchSize = this.#byKey > 0 ? 1 : this.#batchSize;
    return { waitMs: this.#batches.isOpen ? shortestWaitMs : usual, batchSize };
  }

  async #rested(): Promise<void> {
    await delay(restMs, undefined, { signal: this.#request.signal });
  }

  #take({ events, token, tokenTime, committed }: EventReply): void {
    const { deployment, identity, byteBudget } = this.#request;
    this.#fruitless = 0;
    // A stream that begins behind a time says that it stands at the next one, which may still be to come.
    const isAhead = this.#at.token === null && tokenTime > this.#committed;
    this.#committed = committed;
    if (events.length === 0 && isAhead) return;
    let bytes = 0;
    let isSingle = true;
    for (const bson of events) {
      const event = readEvent(bson);
      this.#teller.tell(event, tokenTime);
      isSingle = !event.isOfTransaction && deployment.facts.wireVersion < entriesOfSeveralFrom;
      bytes += event.bytes;
    }
    // Without one the server has looked through all that is there.
    this.#batches.end({ token, time: tokenTime }, { isSettled: isSingle });
    this.#at = { identity, time: tokenTime, token };
    this.#hasSeen ||= events.length > 0;
    this.#byKey = events.length === 0 ? 0 : Math.max(0, this.#byKey - events.length);
    const fitting = Math.floor((byteBudget * events.length) / Math.max(1, bytes));
    if (events.length > 0) this.#batchSize = Math.max(1, Math.min(mostEvents, fitting));
  }

  /** Null: another cursor goes on where this one was. Else why history is lost. */
  async #react(thrown: unknown): Promise<string | null> {
    const { deployment, signal } = this.#request;
    if (signal.aborted) throw thrown;
    const code = serverCodeOf(thrown);
    if (code === eventNotFound && (await this.#isOfAnother())) {
      this.#at = { ...this.#at, token: null };
      return null;
    }
    const lost = code === null ? undefined : historyLost[code];
    if (lost !== undefined) return lost;
    if (code === tooLarge) return this.#stepByKey();
    const isSevered = isLockstepError(thrown, 'connection-lost');
    if (!isSevered && !isLockstepError(thrown, 'mongodb-cursor-lost')) throw thrown;
    // Throws where the server is away.
    await readHead(deployment, { signal });
    this.#fruitless += 1;
    if (this.#fruitless <= mostFruitless) return null;
    // A server hangs up when an event and its token make a reply that is too large.
    if (isSevered) return this.#stepByKey();
    throw thrown;
  }

  /**
   * A position that was saved may stand behind an event of a collection that is captured no more, which the server then filters out before
   * it looks for it, and which it misses with the first event that it does not filter out. Nothing else of that time is to come, so a time will do.
   */
  async #isOfAnother(): Promise<boolean> {
    const { deployment, signal, resume } = this.#request;
    return !this.#hasSeen && (await hasTokenEvent(deployment, { from: resume, signal }));
  }

  /** A reason if that was tried already. */
  #stepByKey(): string | null {
    if (this.#byKey > 0) return 'a change is too large for the source to tell even its key';
    this.#byKey = mostByKey;
    return null;
  }

  async #jump(reason: string): Promise<FeedItem> {
    const { deployment, identity, signal } = this.#request;
    const from = encodePosition(this.#at);
    const { time } = await readHead(deployment, { signal });
    this.#at = { identity, time, token: null };
    this.#byKey = 0;
    this.#batches = this.#begin();
    this.#teller = this.#makeTeller();
    return { kind: 'gap', gap: { shard, from, to: encodePosition(this.#at), reason }, collections: null };
  }

  #begin(): Batches {
    return new Batches({ identity: this.#request.identity, from: this.#at.time });
  }

  #makeTeller(): Teller {
    const { collections, notice } = this.#request;
    return new Teller({ collections, batches: this.#batches, notice });
  }

  #stages() {
    const { collections, deployment } = this.#request;
    const names = [...new Set(collections.map(({ source }) => source))];
    const read = new Set(
      collections.filter(({ columns }) => tellsDocuments(columns)).map(({ source }) => source),
    );
    const keysOnly = this.#byKey > 0 ? names : names.filter((name) => !read.has(name));
    return stages({ from: this.#at, wireVersion: deployment.facts.wireVersion, names, keysOnly });
  }
}
