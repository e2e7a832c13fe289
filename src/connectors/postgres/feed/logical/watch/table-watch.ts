import { toError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { FeedCollection, FeedItem } from '../../../../../protocol/feed.ts';
import type { Position } from '../../../../../protocol/names.ts';
import { formatName, parseName, type TableName } from '../../../names.ts';
import { shard } from '../decode/assembler.ts';
import type { CaptureSetup } from '../setup/capture-setup.ts';
import type { LastSeen } from './last-seen.ts';
import { compareStates, readTableStates, type TableEvent } from './table-states.ts';

const lookMs = 1_000;

/** Looks that a truncation may be away from the other file that it made. */
const looksBetween = 3;

export interface WatchOptions {
  readonly setup: CaptureSetup;
  readonly collections: readonly FeedCollection[];
  readonly lastSeen: LastSeen;
  readonly signal: AbortSignal;
  /** Puts an item between two transactions; it is made with the place where that is. */
  readonly interject: (make: (at: Position) => FeedItem) => void;
}

/**
 * Looks at the catalogue now and then: a table that is dropped, columns that change without a row, and table partitions that are truncated,
 * attached or detached on their own, are not in the stream. What rows came or went so nobody tells, so it is a gap of their collections.
 */
export class TableWatch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #tables: readonly TableName[];
  #looking: Promise<void> | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { collections, setup } = options;
    const tables = collections.map(({ source }) => parseName(source, setup.defaultSchema));
    this.#tables = [...new Map(tables.map((table) => [formatName(table), table])).values()];
    this.#timer = setInterval(() => void this.look(), lookMs);
  }

  /** Waited for before the stream begins, so that everything after it is noticed. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { setup, lastSeen, signal } = this.#options;
    try {
      const { publication } = setup.names;
      const tables = this.#tables;
      const states = await setup.pool.use(
        (session) => readTableStates(session, { publication, tables, signal }),
        { signal },
      );
      const events = lastSeen.states === null ? [] : compareStates(lastSeen.states, states);
      lastSeen.states = states;
      for (const event of this.#unexplained(lastSeen.rewritten)) this.#tell(event);
      lastSeen.rewritten = events.filter(({ kind }) => kind === 'file');
      for (const event of events) if (event.kind !== 'file') this.#tell(event);
    } catch (thrown) {
      // The stream itself tells when the server is gone; until the next look nothing is lost.
      if (!signal.aborted)
        setup.notice({ kind: 'retry', message: `looking at the tables failed: ${toError(thrown).message}` });
    }
  }

  /** A truncation is told by the stream, and walked for that. It makes one other file: the next one has another reason. */
  #unexplained(rewritten: readonly TableEvent[]): readonly TableEvent[] {
    const { truncated } = this.#options.lastSeen;
    const since = performance.now() - looksBetween * lookMs;
    return rewritten.filter(({ oid }) => {
      const isTold = (truncated.get(oid) ?? Number.NEGATIVE_INFINITY) > since;
      truncated.delete(oid);
      return !isTold;
    });
  }

  #tell(event: TableEvent): void {
    const { collections, setup, interject } = this.#options;
    const name = formatName(event);
    const readers = collections.filter(
      ({ source }) => formatName(parseName(source, setup.defaultSchema)) === name,
    );
    const [first] = readers;
    if (first === undefined) return;
    const names = readers.map((reader) => reader.name);
    interject((at) => itemOf(event, { at, names, source: first.source }));
  }
}

const barriers = { gone: 'drop', shape: 'shape', file: 'compare' } as const;

interface Place {
  readonly at: Position;
  readonly names: readonly string[];
  /** As the configuration spells it. */
  readonly source: string;
}

function itemOf({ kind, detail }: TableEvent, { at, names, source }: Place): FeedItem {
  if (kind === 'partitions')
    return {
      kind: 'gap',
      gap: { shard, from: at, to: at, reason: `${source}: ${detail}` },
      collections: names,
    };
  return {
    kind: 'barrier',
    shard,
    collections: names,
    event: { kind: barriers[kind], source, detail },
    boundary: at,
  };
}
