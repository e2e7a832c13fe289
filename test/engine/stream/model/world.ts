import { AlternativeBook } from '../../../../src/engine/stream/alternative-book.ts';
import { Applier, type ApplierParts } from '../../../../src/engine/stream/applier.ts';
import type { StreamCollection } from '../../../../src/engine/stream/collection.ts';
import type { StreamContext } from '../../../../src/engine/stream/context.ts';
import { Gauges } from '../../../../src/engine/stream/gauges.ts';
import { LeavingHolder } from '../../../../src/engine/stream/hold-leavings.ts';
import { TornWindows } from '../../../../src/engine/stream/lanes/torn-windows.ts';
import { Ledger } from '../../../../src/engine/stream/ledger.ts';
import { LetterBook } from '../../../../src/engine/stream/letter-book.ts';
import { RowSizes } from '../../../../src/engine/stream/row-sizes.ts';
import { Signal } from '../../../../src/engine/stream/signal.ts';
import { Stream } from '../../../../src/engine/stream/stream.ts';
import { TouchMarks } from '../../../../src/engine/stream/touch-marks.ts';
import { TouchQueue } from '../../../../src/engine/stream/touch-queue.ts';
import { UnseenTransactions } from '../../../../src/engine/stream/unseen.ts';
import type { Key } from '../../../../src/protocol/names.ts';
import type { Row } from '../../../../src/protocol/value.ts';
import { ModelDestination } from './destination.ts';
import { ModelFeed } from './feed.ts';
import type { Script, Setup } from './script.ts';
import { ModelSource } from './source.ts';
import { Turns } from './turns.ts';

const name = 'users';
const never = new AbortController().signal;

/** Both sides, and all pieces of a stream between them. */
export interface World {
  readonly turns: Turns;
  readonly source: ModelSource;
  readonly destination: ModelDestination;
  readonly touches: TouchQueue;
  readonly letters: LetterBook;
  readonly ledger: Ledger;
  readonly stream: Stream;
  readonly stopping: AbortController;
  readonly counts: Counts;
}

export interface Counts {
  /** Windows under way. */
  applying: number;
  /** Lookups that began while the destination was writing. */
  lookupsAhead: number;
}

type Sides = Pick<World, 'turns' | 'source' | 'destination' | 'counts'> & { readonly setup: Setup };

export async function openWorld({ setup, before, choices }: Script): Promise<World> {
  const turns = new Turns(choices);
  const source = new ModelSource(turns, setup);
  const silent = (await Promise.all(before.map((writes) => source.commit(writes)))).flat();
  const position = turns.draw(source.head + 1);
  const options = { isUnique: setup.hasAlternatives, failsOnceIn: setup.failsOnceIn };
  const destination = new ModelDestination({ turns, source, position, options });
  for (const key of source.keys) destination.copy(key, position + turns.draw(source.head - position + 1));
  const touches = new TouchQueue();
  // The copy has left out rows whose values others have.
  const owed = setup.hasAlternatives ? source.keys : silent;
  await touches.add(name, owed, { signal: never });
  const counts = { applying: 0, lookupsAhead: 0 };
  return { ...(await openStream({ setup, turns, source, destination, counts }, touches)), touches };
}

async function openStream(sides: Sides, touches: TouchQueue): Promise<Omit<World, 'touches'>> {
  const { turns, destination, source } = sides;
  const context = contextOf(sides);
  const collections = new Map([[name, collectionOf(sides, context)]]);
  const now = (): number => context.clock.now();
  const positions = new Map([['main', `${destination.position}`]]);
  const ledger = new Ledger(positions, now);
  const letters = await LetterBook.open(context);
  const alternatives = await AlternativeBook.open(context, collections.values());
  const marks = new TouchMarks();
  marks.markWhole(name, `${source.head}`);
  const shared = { context, letters, alternatives, torn: new TornWindows(), sizes: new RowSizes() };
  const quiet = { began: () => undefined, ended: () => undefined };
  const stopping = new AbortController();
  const applierParts: ApplierParts = {
    ...shared,
    collections,
    marks,
    gauges: new Gauges(collections.keys(), async () => 1_000),
    holder: await LeavingHolder.open(context),
    kept: new Set([name]),
    positions,
    unseen: new UnseenTransactions(),
    trouble: { source: quiet, destination: quiet },
    hurry: () => never,
    stop: async (_, error) => void destination.violations.push(`it stopped: ${error.message}`),
  };
  const stream = new Stream({
    ...shared,
    applier: new Applier(applierParts),
    ledger,
    touches,
    collections: () => [],
    trouble: quiet,
    moved: new Signal(),
    onBarrier: async () => undefined,
    onGap: async () => undefined,
    owed: new Set(),
    stopping: stopping.signal,
  });
  return { turns, source, destination, counts: sides.counts, letters, ledger, stream, stopping };
}

const settings = {
  stream: {
    lanes: 1,
    breakerFailures: 1_000,
    breakerPauseMs: 0,
  },
  retry: { attempts: 8, initialDelayMs: 0, maxDelayMs: 0, factor: 1 },
  guard: { maxLeavingShare: 1, fromRows: 1_000_000 },
  deadLetterLimit: 1_000,
  samples: 0,
};

const store = {
  deadLetters: {
    newest: async () => 0,
    list: async () => [],
    put: async () => ({ full: false }),
    resolve: async () => 0,
  },
  guards: { list: async () => [] },
  checkpoints: { list: async () => [], save: async () => undefined },
};

/** What a stream asks of its surroundings; to make whole ones would need two servers. */
function contextOf({ setup, turns, source, destination, counts }: Sides): StreamContext {
  const paced = async <Result>(_: unknown, work: () => Promise<Result>): Promise<Result> => {
    counts.applying += 1;
    try {
      return await work();
    } finally {
      counts.applying -= 1;
    }
  };
  const context = {
    pipeline: 'model',
    fence: 1,
    settings: {
      ...settings,
      stream: {
        ...settings.stream,
        windowChanges: setup.windowChanges,
        readAheadBytes: setup.readAheadBytes,
        transactionBytes: setup.transactionBytes,
      },
    },
    store,
    signal: never,
    draining: never,
    events: { emit: () => undefined },
    clock: { now: () => 10 * turns.passed },
    throttle: { paced },
    seal: () => null,
    feed: new ModelFeed({ turns, source, destination, content: setup.content }),
    reader: { keyOf },
    writer: {
      limits: { operations: setup.transactionChanges, bytes: 1_000_000, seconds: 60 },
      ...(setup.keepsNotes && { lanes: 1 }),
      applyWindow: destination.applyWindow.bind(destination),
      tryWindow: destination.tryWindow.bind(destination),
    },
  };
  return context as unknown as StreamContext;
}

const keyOf = (row: Row): Key => String(row['id']);
const columns = ['id', 'a', 'b', 'unique'];

/** The same of a collection. */
function collectionOf(
  { setup, source, destination, counts }: Sides,
  context: StreamContext,
): StreamCollection {
  const alternatives = setup.hasAlternatives
    ? new Map([['unique', (row: Row) => [`${row['unique']} of ${row['id']}`]]])
    : new Map();
  const plan = {
    name,
    source: name,
    sourceShape: { key: null },
    columns: columns.map((target) => ({ target })),
    key: ['id'],
    filter: null,
    map: null,
    alternatives,
    scope: { kind: setup.isShared ? 'owned' : 'all' },
    leaving: { kind: 'delete' },
    guard: {},
  };
  const target = { plan, keyOf, holders: destination.holders.bind(destination) };
  const lookup: ModelSource['lookup'] = (...asked) => {
    if (destination.isWriting) counts.lookupsAhead += 1;
    return source.lookup(...asked);
  };
  const moment = {
    read: <Result>(_: AbortSignal, work: (snapshot: unknown) => Result): Result => work(snapshot),
  };
  const snapshot = {
    lookup: (_: string, ...asked: Parameters<ModelSource['lookup']>) => lookup(...asked),
  };
  const isRead = setup.isRead || setup.hasAlternatives || setup.content === 'touches';
  const collection = {
    name,
    plan,
    target,
    carried: isRead ? null : { columns, renamed: [], asTheyAre: true },
    stopped: null,
    work: { plan, target, context, source: {}, lookupAt: 'now', moment },
  };
  return collection as unknown as StreamCollection;
}
