import { isLockstepError, type LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { DestinationState } from '../../protocol/writer.ts';
import { AlternativeBook } from '../stream/alternative-book.ts';
import { Applier, type ApplierParts } from '../stream/applier.ts';
import { feedCollection } from '../stream/carried-rows.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import { Gauges } from '../stream/gauges.ts';
import { LeavingHolder } from '../stream/hold-leavings.ts';
import type { Told } from '../stream/intake.ts';
import type { TornWindows } from '../stream/lanes/torn-windows.ts';
import { Ledger } from '../stream/ledger.ts';
import { LetterBook } from '../stream/letter-book.ts';
import { RowSizes } from '../stream/row-sizes.ts';
import { Signal } from '../stream/signal.ts';
import { Stream, type StreamParts } from '../stream/stream.ts';
import { TouchMarks } from '../stream/touch-marks.ts';
import { TouchQueue } from '../stream/touch-queue.ts';
import type { UnseenTransactions } from '../stream/unseen.ts';
import { persisting } from '../walk/retrying.ts';
import type { Condition } from './condition.ts';
import type { IgnoredDrift } from './drift/ignored-drift.ts';
import { shapeDecision } from './drift/shape-decision.ts';
import { KnownEqual } from './known-equal.ts';
import type { LiveMemory } from './memory.ts';
import { onBarrier } from './on-barrier.ts';
import { onGap } from './on-gap.ts';
import { passedHead, passedHeadUnlessStill } from './passed-head.ts';
import { stopCollection } from './stopping.ts';
import { troubleOf } from './trouble-of.ts';
import { walkOwed } from './walk-owed.ts';
import { Walks } from './walks.ts';

export interface AssembleRequest {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly condition: Condition;
  readonly ignoredDrift: IgnoredDrift;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly state: DestinationState;
  readonly positions: ReadonlyMap<Shard, Position>;
  /** What was told and nobody has acted on yet. */
  readonly owed: Set<Told>;
  /** Outlives the pieces too. */
  readonly unseen: UnseenTransactions;
  /** Of streams before this one. */
  readonly torn: TornWindows;
  /** Ends what runs now, so that it begins again with plans made anew. */
  readonly again: (reason: string) => void;
  readonly onWalksChanged: () => void;
}

export interface StreamEnds {
  /** After the window under way. */
  readonly stopping: AbortSignal;
  /** Then a window that waits for a side that is away is left. */
  readonly hurry: AbortSignal;
}

/** The pieces of a live pipeline, put together. */
export interface Assembled {
  readonly ledger: Ledger;
  readonly letters: LetterBook;
  readonly holder: LeavingHolder;
  readonly touches: TouchQueue;
  readonly walks: Walks;
  readonly stop: (collection: StreamCollection, error: LockstepError) => Promise<void>;
  /** Resolves once the stream has passed what the source has told by now. */
  readonly passedHead: (signal: AbortSignal) => Promise<void>;
  /** What was told and not acted on, when nothing runs: what a walk answers is on its list, durably. */
  readonly noteOwed: () => Promise<void>;
  /** A pipeline that was paused gets another. */
  readonly openStream: (ends: StreamEnds) => Stream;
  /** A window was left when somebody paused that may be at the destination or not. */
  readonly isInDoubt: () => boolean;
}

export async function assemble(request: AssembleRequest): Promise<Assembled> {
  const { context, memory, collections, condition, ignoredDrift, owed, again } = request;
  const touches = new TouchQueue();
  const shapes = [...collections].map(([name, { plan }]) => [name, plan.sourceShape] as const);
  const sizes = new RowSizes(new Map(shapes));
  const moved = new Signal();
  const ledger = new Ledger(request.positions, () => performance.now());
  const torn = tornWindows(request);
  const letters = await LetterBook.open(context);
  const alternatives = await AlternativeBook.open(context, collections.values());
  const holder = await LeavingHolder.open(context);
  const current: CurrentStream = { stream: null, stopping: context.signal, hurry: context.draining };
  const wake = (): void => current.stream?.wake();
  const passing = { context, ledger, moved, wake };
  const passed = (signal: AbortSignal): Promise<void> => passedHead({ ...passing, signal });
  const stop = async (collection: StreamCollection, thrown: LockstepError): Promise<void> => {
    const error = await reconsidered(
      { context, walks, ignoredDrift, stopping: current.stopping, again },
      collection,
      thrown,
    );
    if (error === null) return;
    await stopCollection({ context, memory, condition }, collection, error);
    touches.forget(collection.name);
    walks.look();
  };
  const walks = await Walks.open({
    context,
    memory,
    collections,
    touches,
    knownEqual: new KnownEqual(),
    stop,
    passedHead: passed,
    passedHeadUnlessStill: (signal) => passedHeadUnlessStill({ ...passing, signal }),
    held: (collection, leaving) => holder.holds(collection, leaving),
    onChange: () => {
      // What was walked may be what others waited for.
      letters.wakeBlocked();
      wake();
      request.onWalksChanged();
    },
  });
  const hurry = () => current.hurry;
  const applier = await openApplier(request, { letters, alternatives, holder, stop, sizes, torn, hurry });
  const parts = { applier, ledger, letters, alternatives, touches, torn, sizes, moved, owed };
  const openStream = streamOpener(request, current, { ...parts, walks, stop });
  const noteOwed = (): Promise<void> => walkOwed(owed, { collections, walks });
  const isInDoubt = (): boolean => applier.isInDoubt;
  return {
    ledger,
    letters,
    holder,
    touches,
    walks,
    stop,
    passedHead: passed,
    noteOwed,
    openStream,
    isInDoubt,
  };
}

interface CurrentStream {
  stream: Stream | null;
  stopping: AbortSignal;
  hurry: AbortSignal;
}

type OpeningParts = Pick<
  StreamParts,
  'applier' | 'ledger' | 'letters' | 'alternatives' | 'touches' | 'torn' | 'sizes' | 'moved' | 'owed'
> &
  Pick<Assembled, 'walks' | 'stop'>;

function streamOpener(
  { context, collections, condition, ignoredDrift, again }: AssembleRequest,
  current: CurrentStream,
  { walks, stop, ...parts }: OpeningParts,
): Assembled['openStream'] {
  const concerned = { context, collections, walks, ignoredDrift, stop, again };
  return ({ stopping, hurry }) => {
    Object.assign(current, { stopping, hurry });
    current.stream = new Stream({
      ...parts,
      context,
      stopping,
      collections: () => [...collections.values()].map(({ plan }) => feedCollection(plan, context.feed)),
      trouble: troubleOf(condition, 'feed'),
      onBarrier: (barrier) => onBarrier(concerned, barrier),
      onGap: (gap) => onGap(concerned, gap),
    });
    return current.stream;
  };
}

interface Reconsidering {
  readonly context: StreamContext;
  readonly walks: Walks;
  readonly ignoredDrift: IgnoredDrift;
  /** Ends the stream that runs now. */
  readonly stopping: AbortSignal;
  readonly again: (reason: string) => void;
}

/**
 * A read may fail for a change of the source's shape that the feed has not told yet: then `drift` decides, as it will once it is told. Null:
 * the collection goes on with another plan, and is walked.
 */
async function reconsidered(
  { context, walks, ignoredDrift, stopping, again }: Reconsidering,
  collection: StreamCollection,
  error: LockstepError,
): Promise<LockstepError | null> {
  if (!isLockstepError(error, 'shape-changed') && !isLockstepError(error, 'collection-gone')) return error;
  const signal = AbortSignal.any([context.signal, stopping]);
  const decision = await persisting(context, { what: 'look at the shape', signal }, () =>
    shapeDecision(context, collection, error.message),
  );
  if (decision.kind === 'stop' || decision.kind === 'gone') return decision.error ?? error;
  if (decision.kind !== 'follow') return error;
  await ignoredDrift.note(collection.name, decision.ignored);
  await walks.add([collection.name], { reason: decision.detail, fills: false });
  again(decision.detail);
  return null;
}

function tornWindows({ context: { feed }, state, positions, torn }: AssembleRequest): TornWindows {
  const isBefore = (shard: Shard, a: Position, b: Position): boolean => feed.order(shard, a, b) === 'before';
  torn.passed(positions, isBefore);
  torn.recall(positions, state.lanePositions ?? new Map(), isBefore);
  return torn;
}

async function openApplier(
  { context, collections, state, positions, unseen, condition }: AssembleRequest,
  parts: Pick<ApplierParts, 'letters' | 'alternatives' | 'holder' | 'stop' | 'sizes' | 'torn' | 'hurry'>,
): Promise<Applier> {
  const gauges = countRows(context, collections);
  const marks = new TouchMarks();
  for (const [name, until] of state.marks) marks.markWhole(name, until);
  return new Applier({
    context,
    collections,
    gauges,
    marks,
    kept: new Set(state.marks.keys()),
    positions,
    unseen,
    trouble: { source: troubleOf(condition, 'source'), destination: troubleOf(condition, 'destination') },
    ...parts,
  });
}

function countRows(context: StreamContext, collections: AssembleRequest['collections']): Gauges {
  const signal = AbortSignal.any([context.signal, context.draining]);
  return new Gauges(collections.keys(), async (name) => {
    const target = collections.get(name)?.target;
    if (target === undefined) return 0;
    return await persisting(context, { what: `count ${name}`, signal }, () => target.countRows({ signal }));
  });
}
