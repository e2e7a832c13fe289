import type { DeadLetter, PipelineRequest } from '../../protocol/control-store.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { collectionNamed } from '../../protocol/named-collection.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Json } from '../../protocol/value.ts';
import type { StreamContext } from '../stream/context.ts';
import type { LetterBook } from '../stream/letter-book.ts';
import type { TouchQueue } from '../stream/touch-queue.ts';
import type { Walks } from './walks.ts';

export interface RequestParts {
  readonly context: StreamContext;
  readonly walks: Walks;
  readonly touches: TouchQueue;
  readonly letters: LetterBook;
  /** Null: it flows. */
  readonly whyStopped: (collection: string) => string | null;
  /** All collections' names. */
  readonly names: () => readonly string[];
  /** Ends the waiting for walks: the request stays open, and is answered when the pipeline goes on. */
  readonly until: AbortSignal;
  /** A collection that stopped goes on, by a walk. `isNew`: nobody tried to answer this request yet. */
  readonly revive: (collection: string, isNew: boolean) => Promise<void>;
}

type Detail = {
  readonly collections?: readonly string[] | null;
  readonly letters?: readonly number[] | null;
  readonly collection?: string | null;
  readonly isNew: boolean;
};

/** What somebody asked of this pipeline, carried out in the order of asking; each is answered, also when it fails. */
export async function answerRequests(parts: RequestParts): Promise<void> {
  const { store, pipeline, fence } = parts.context;
  for (const request of await store.requests.open(pipeline)) {
    await store.requests.begin({ pipeline, fence }, request.id);
    try {
      const detail = { ...(request.detail as Detail), isNew: request.state === 'waiting' };
      const result = await answers[request.kind](parts, detail);
      await store.requests.end({ pipeline, fence }, request.id, { state: 'done', result });
    } catch (thrown) {
      if (parts.context.signal.aborted || parts.until.aborted) throw thrown;
      const { code, message } = toLockstepError(thrown);
      await store.requests.end({ pipeline, fence }, request.id, {
        state: 'failed',
        result: { code, message },
      });
    }
  }
}

const answers: Readonly<
  Record<PipelineRequest['kind'], (parts: RequestParts, detail: Detail) => Promise<Json>>
> = {
  resync: walkAgain,
  compare: walkAgain,
  replay: replayLetters,
  discard: discardLetters,
};

async function walkAgain(parts: RequestParts, detail: Detail): Promise<Json> {
  const { walks, until, names, revive } = parts;
  const collections = chosen(names(), detail.collections ?? null);
  for (const name of collections) await revive(name, detail.isNew);
  // Plans are made anew for it: then the request is answered.
  until.throwIfAborted();
  using mended = countMended(parts.context);
  await walks.add(collections, { reason: 'somebody asked for it', fills: false, endsBehind: true });
  await walks.ended(collections, until);
  const stopped = collections.filter((name) => parts.whyStopped(name) !== null);
  if (stopped.length > 0) throw stillStopped(parts, stopped);
  return { collections, repaired: { ...mended.counts } };
}

/** What is written from now on, with what flowed meanwhile: a row that a walk found is written as any other. */
function countMended({ events, pipeline }: StreamContext) {
  const counts = { inserted: 0, updated: 0, left: 0 };
  const end = events.on('window.applied', (window) => {
    if (window.pipeline !== pipeline) return;
    counts.inserted += window.inserted;
    counts.updated += window.updated;
    counts.left += window.left;
  });
  return { counts, [Symbol.dispose]: end };
}

function stillStopped({ context, whyStopped }: RequestParts, names: readonly string[]): LockstepError {
  const findings = names.map((name) => `  ${name} has stopped: ${whyStopped(name)}`).join('\n');
  return new LockstepError('not-ready', { pipeline: context.pipeline, count: names.length, findings });
}

function chosen(known: readonly string[], asked: readonly string[] | null): readonly string[] {
  const unknown = asked?.find((name) => collectionNamed(name, known) === null);
  if (unknown !== undefined)
    throw new LockstepError('collection-unknown', {
      side: 'pipeline',
      collection: unknown,
      nearest: nearestHint(unknown, known),
    });
  return asked?.flatMap((name) => collectionNamed(name, known) ?? []) ?? known;
}

/** Replaying is reading again: whatever the row is now is tried. Answered once it was. */
async function replayLetters(parts: RequestParts, detail: Detail): Promise<Json> {
  const { touches, until, whyStopped } = parts;
  const collections = new Set<string>();
  const stopped = new Set<string>();
  let count = 0;
  for await (const { collection, key } of chosenLetters(parts, detail)) {
    if (whyStopped(collection) !== null) {
      stopped.add(collection);
      continue;
    }
    await touches.add(collection, [key], { signal: until });
    collections.add(collection);
    count += 1;
  }
  for (const collection of collections) await touches.drained(collection, until);
  if (stopped.size > 0) throw stillStopped(parts, [...stopped]);
  return { letters: count };
}

/** Without a choice only what is parked: a deferred row would be lost, and nobody was told of it yet. */
async function discardLetters(parts: RequestParts, detail: Detail): Promise<Json> {
  const isChosen = detail.letters != null;
  let count = 0;
  for await (const { collection, key, state } of chosenLetters(parts, detail)) {
    if (!isChosen && state !== 'parked') continue;
    await parts.letters.resolve(collection, [key]);
    count += 1;
  }
  return { letters: count };
}

async function* chosenLetters(
  { context }: RequestParts,
  { letters: ids = null, collection = null }: Detail,
): AsyncIterable<DeadLetter> {
  const { store, pipeline } = context;
  if (ids !== null) {
    for (const id of ids) {
      const letter = await store.deadLetters.get(pipeline, id);
      if (letter !== null) yield letter;
    }
    return;
  }
  let afterId = 0;
  for (;;) {
    const page = await store.deadLetters.list(pipeline, {
      afterId,
      limit: 500,
      ...(collection === null ? {} : { collection }),
    });
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.id;
    yield* page;
  }
}
