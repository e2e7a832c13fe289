import { setTimeout as delay } from 'node:timers/promises';
import type { Change } from '../../protocol/change.ts';
import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import { isLockstepError, LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { Row } from '../../protocol/value.ts';
import type { WindowWrite } from '../../protocol/writer.ts';
import { hasAlternatives } from '../alternatives/choose.ts';
import { dropInverses } from '../generation/drop-inverses.ts';
import { backoffDelayMs } from '../retry/backoff.ts';
import { leaseOf } from '../walk/context.ts';
import { clashLetter } from '../walk/write-rows.ts';
import type { AlternativeBook } from './alternative-book.ts';
import type { StreamContext } from './context.ts';
import type { LanedWriter } from './lanes/laned-writer.ts';
import { isDivisible } from './lanes/split-window.ts';
import { lanePosition, type WindowExtent } from './lanes/torn-windows.ts';
import type { LetterBook, RefusedKey } from './letter-book.ts';
import type { Perseverance } from './persevere.ts';
import { readTouches } from './read-touches.ts';
import { type PlannedPart, toWritten, type WindowPlan } from './window-plan.ts';

export interface WrittenPart {
  readonly part: PlannedPart;
  readonly changes: readonly Change[];
  readonly outcomes: readonly Outcome[];
}

export interface WriteRequest {
  readonly plan: WindowPlan;
  readonly position: WindowWrite['position'];
  /** What is noted with each piece that is durable before the position; null: there is no position, or the destination keeps no such notes. */
  readonly extent: WindowExtent | null;
  /** Its position follows apart, and lanes may write it. */
  readonly isLaned: boolean;
  /** Asked anew for each attempt: keys may have been read since the last. */
  readonly marks: () => Promise<WindowWrite['marks']>;
  /** Of these those of what was read: what the stream has passed goes with its position. */
  readonly freshMarks: () => Promise<WindowWrite['marks']>;
}

interface WriterParts {
  readonly context: StreamContext;
  readonly lanes: LanedWriter;
  readonly letters: LetterBook;
  readonly alternatives: AlternativeBook;
  readonly destination: Perseverance;
  /** Transactions that a read must show. */
  readonly shows: () => readonly string[];
  /** A collection's own fault: it is stopped, durably, and the rest goes on. */
  readonly stop: (part: PlannedPart, error: LockstepError) => Promise<void>;
}

/** Repeats with the refused taken out; more rounds than this mean that each round finds others, and halves find them one by one. */
const mostRounds = 8;
/** Transient failures of one window, while the destination answers to others, after which the window itself is suspected. */
const suspectAfter = 4;

/**
 * Writes a window as a whole: what the destination refuses is found out, gets its letter, and the rest is written again with the position.
 * So a poisoned row costs its window a second attempt, and tears nothing.
 */
export class WindowWriter {
  readonly #parts: WriterParts;
  /** No generation can be taken back any more. */
  #isBound = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async write(request: WriteRequest): Promise<readonly WrittenPart[]> {
    const written: WrittenPart[] = [];
    await this.#chooseKnown(request.plan);
    for (let round = 1; ; round += 1) {
      const parts = [...request.plan.parts.values()].filter(({ changes }) => changes.length > 0);
      try {
        return [...written, ...(await this.#apply(parts, request, round))];
      } catch (thrown) {
        const error = thrown instanceof SuspectWindow ? thrown : toLockstepError(thrown);
        written.push(...(await this.#react(parts, error, { request, round })));
      }
    }
  }

  async #apply(
    parts: readonly PlannedPart[],
    { position, marks, extent, isLaned }: WriteRequest,
    round: number,
  ): Promise<readonly WrittenPart[]> {
    const { context, letters, destination, lanes } = this.#parts;
    const { writer, signal } = context;
    const options = { lease: leaseOf(context), signal };
    if (parts.length > 0 && !this.#isBound) {
      await destination.until(() => dropInverses(context));
      this.#isBound = true;
    }
    const noted = position ?? (extent === null ? null : lanePosition(extent, 0));
    const written = { position: noted, marks: await marks(), newestLetter: letters.newest };
    const outcomes = await destination.until(
      () => {
        const window = { parts: parts.map(toWritten), ...written };
        // What has to be marked must not be there before its mark.
        const goesApart = isLaned && written.marks.size === 0 && isDivisible(window.parts);
        return goesApart && extent !== null
          ? lanes.apply(window, extent, options)
          : writer.applyWindow(window, options);
      },
      async (error, failures) => {
        if (parts.length === 0 || failures < suspectAfter || round > mostRounds) return;
        if (!mayBeOfSomeRow(error)) return;
        if (await this.#answers()) throw new SuspectWindow(error);
      },
    );
    return parts.map((part, index) => ({ part, changes: part.changes, outcomes: outcomes[index] ?? [] }));
  }

  /** Returns what became durable on the way. */
  async #react(
    parts: readonly PlannedPart[],
    error: LockstepError | SuspectWindow,
    { request, round }: { readonly request: WriteRequest; readonly round: number },
  ): Promise<readonly WrittenPart[]> {
    if (error instanceof SuspectWindow || (isOfSomeRow(error) && round > mostRounds))
      return await this.#isolate(parts, request);
    if (error.class === 'deferred' && (await this.#chooseAll(parts, request.plan))) return [];
    if (isOfSomeRow(error)) await this.#takeOutRefused(parts, request.plan);
    else if (error.class === 'collection') await this.#takeOutStopped(parts, error);
    else throw error;
    return [];
  }

  /** Rows that had to take another value before: most likely they have to now. */
  async #chooseKnown(plan: WindowPlan): Promise<void> {
    const { alternatives } = this.#parts;
    for (const part of plan.parts.values()) {
      const known = part.changes.filter(({ key }) => alternatives.has(part.collection.name, key));
      if (known.length > 0) await this.#choose(part, new Set(known.map(({ key }) => key)), plan);
    }
  }

  /** Values may be taken: all rows of the window are weighed against what is there, once. False: there is nothing more to choose. */
  async #chooseAll(parts: readonly PlannedPart[], plan: WindowPlan): Promise<boolean> {
    const open = parts.filter((part) => hasAlternatives(part.collection.work) && part.isChosen !== true);
    for (const part of open) {
      part.isChosen = true;
      await this.#choose(part, new Set(part.changes.map(({ key }) => key)), plan);
    }
    return open.length > 0;
  }

  async #choose(part: PlannedPart, keys: ReadonlySet<Key>, plan: WindowPlan): Promise<void> {
    const { alternatives, destination, context, shows } = this.#parts;
    const { signal } = context;
    const { changes, read } = await destination.until(() =>
      alternatives.choose(part, keys, { shows: shows(), signal }),
    );
    part.changes = [...changes];
    const { name } = part.collection;
    if (read.length > 0) plan.read.set(name, [...(plan.read.get(name) ?? []), ...read]);
  }

  /** Asks the destination which changes it refuses beside the others. */
  async #takeOutRefused(parts: readonly PlannedPart[], plan: WindowPlan): Promise<void> {
    const { context, destination } = this.#parts;
    const options = { lease: leaseOf(context), signal: context.signal };
    const outcomes = await destination.until(() =>
      context.writer.tryWindow({ parts: parts.map(toWritten) }, options),
    );
    for (const [index, part] of parts.entries()) {
      const failed = new Map<Key, LockstepError>();
      for (const [place, outcome] of (outcomes[index] ?? []).entries()) {
        const change = part.changes[place];
        if (change !== undefined && outcome.kind === 'failed') failed.set(change.key, outcome.error);
      }
      await this.#takeOut(part, failed, plan);
    }
  }

  /** Rows that are not there to be patched are read whole; all others get their letter. */
  async #takeOut(
    part: PlannedPart,
    failed: ReadonlyMap<Key, LockstepError>,
    plan: WindowPlan,
  ): Promise<void> {
    if (failed.size === 0) return;
    const missing = [...failed].filter(([, { code }]) => code === 'row-missing').map(([key]) => key);
    const refused = [...failed].filter(([, { code }]) => code !== 'row-missing');
    const rows = new Map(
      part.changes.flatMap((change) =>
        failed.has(change.key) && 'row' in change ? [[change.key, change.row]] : [],
      ),
    );
    part.changes = part.changes.filter(({ key }) => !failed.has(key));
    // Where the key itself could not change; a row whose new values were refused goes on under its new key all the same.
    const stays = (key: Key): boolean => failed.get(key)?.code === 'key-change-refused';
    const refusedMoves = part.moves.filter(({ from, to }) => stays(from) || stays(to));
    part.moves = part.moves.filter((move) => !refusedMoves.includes(move));
    this.#parts.letters.refusedMoves.refused(part.collection.name, refusedMoves);
    await this.#park(part, refused, rows);
    if (missing.length === 0) return;
    const { name } = part.collection;
    const read = await this.#readMissing(part, missing);
    if (read === null) return;
    part.changes.push(...read.changes);
    plan.read.set(name, [...(plan.read.get(name) ?? []), ...missing]);
    await this.#park(
      part,
      read.failures.map(({ key, error }) => [key, error]),
    );
  }

  /** Null: the collection can't be read at the source, and has stopped. */
  async #readMissing(
    part: PlannedPart,
    keys: readonly Key[],
  ): Promise<Awaited<ReturnType<typeof readTouches>> | null> {
    const { context, shows, stop } = this.#parts;
    try {
      return await readTouches(part.collection, keys, { shows: shows(), signal: context.signal });
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class !== 'collection') throw error;
      part.changes = [];
      await stop(part, error);
      return null;
    }
  }

  async #park(
    part: PlannedPart,
    refused: readonly (readonly [Key, LockstepError])[],
    rows: ReadonlyMap<Key, Row> = new Map(),
  ): Promise<void> {
    if (refused.length === 0) return;
    const waits = refused.some(([, error]) => error.class === 'deferred');
    const until = waits ? await this.#headNow() : null;
    try {
      await this.#parts.letters.put(
        part.collection.name,
        refused.map(([key, error]) => ({ ...toRefusedKey(key, error, until), row: rows.get(key) })),
      );
    } catch (thrown) {
      if (!isLockstepError(thrown, 'dead-letters-full')) throw thrown;
      part.changes = [];
      await this.#parts.stop(part, thrown);
    }
  }

  /** What the source has told by now may still cure what another key blocks. */
  async #headNow(): Promise<Position | null> {
    const { feed, signal } = this.#parts.context;
    const { positions } = await feed.head('through', { signal });
    const [position] = positions.values();
    return position ?? null;
  }

  async #takeOutStopped(parts: readonly PlannedPart[], error: LockstepError): Promise<void> {
    const { context, stop } = this.#parts;
    const options = { lease: leaseOf(context), signal: context.signal };
    let found = false;
    for (const part of parts) {
      const fault = await context.writer.tryWindow({ parts: [toWritten(part)] }, options).then(
        () => null,
        (thrown: unknown) => toLockstepError(thrown),
      );
      if (fault?.class !== 'collection') continue;
      found = true;
      part.changes = [];
      await stop(part, fault);
    }
    if (!found) throw error;
  }

  /** Halves, until what is to blame stands alone: each half that goes through is durable. The position follows with the rest. */
  async #isolate(parts: readonly PlannedPart[], request: WriteRequest): Promise<readonly WrittenPart[]> {
    const written: WrittenPart[] = [];
    for (const part of parts) {
      const changes = leavingLast(part);
      part.changes = [];
      written.push(...(await this.#halve(part, changes, request)));
    }
    return written;
  }

  async #halve(
    part: PlannedPart,
    changes: readonly Change[],
    request: WriteRequest,
  ): Promise<readonly WrittenPart[]> {
    if (changes.length === 0) return [];
    const result = await this.#writeAlone(part, changes, request);
    if (!(result instanceof LockstepError)) return [{ part, changes, outcomes: result }];
    const [only] = changes;
    if (changes.length === 1 && only !== undefined) {
      await this.#takeOut(part, new Map([[only.key, result]]), request.plan);
      return [];
    }
    const middle = changes.length >> 1;
    const first = await this.#halve(part, changes.slice(0, middle), request);
    return [...first, ...(await this.#halve(part, changes.slice(middle), request))];
  }

  /** What became of them, durably, or why not. A single change is to blame only when it fails again and again while others go through. */
  async #writeAlone(
    part: PlannedPart,
    changes: readonly Change[],
    request: WriteRequest,
  ): Promise<readonly Outcome[] | LockstepError> {
    const { context, letters } = this.#parts;
    const options = { lease: leaseOf(context), signal: context.signal };
    // With the marks: what was read may be newer than what the stream tells again, should we die before the position.
    const marks = await request.freshMarks();
    const position = request.extent === null ? null : lanePosition(request.extent, 0);
    const alone = { parts: [toWritten({ ...part, changes: [...changes] })], position, marks };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const write = { ...alone, newestLetter: letters.newest };
        const [outcomes = []] = await context.writer.applyWindow(write, options);
        return outcomes;
      } catch (thrown) {
        const error = toLockstepError(thrown);
        if (isOfSomeRow(error)) return error;
        if (!mayBeOfSomeRow(error) || !(await this.#answers())) throw error;
        if (changes.length > 1 || attempt >= suspectAfter) return error;
        const pauseMs = backoffDelayMs(context.settings.retry, attempt, { jitter: 'full' });
        await delay(pauseMs, undefined, { signal: context.signal });
      }
    }
  }

  /** Whether the destination takes anything at all at present. */
  async #answers(): Promise<boolean> {
    const { context, letters } = this.#parts;
    const nothing = { parts: [], position: null, marks: new Map(), newestLetter: letters.newest };
    try {
      await context.writer.applyWindow(nothing, { lease: leaseOf(context), signal: context.signal });
      return true;
    } catch (thrown) {
      if (toLockstepError(thrown).class === 'transient') return false;
      throw thrown;
    }
  }
}

/** A row that goes on under another key must have it before its former key leaves. */
function leavingLast({ changes, moves }: PlannedPart): readonly Change[] {
  if (moves.length === 0) return changes;
  const former = new Set(moves.map(({ from }) => from));
  return [...changes.filter(({ key }) => !former.has(key)), ...changes.filter(({ key }) => former.has(key))];
}

/** The destination answers, and yet this window fails again and again for reasons that should pass. */
class SuspectWindow extends Error {
  constructor(cause: LockstepError) {
    super(cause.message, { cause });
  }
}

const isOfSomeRow = (error: LockstepError): boolean => error.class === 'deferred' || error.class === 'change';

/**
 * Some rows end their connection, take for ever, or are too much together; a lock that others hold, a full disk and a conflict are never a
 * row's own fault.
 */
const mayBeOfSomeRow = ({ code, class: kind }: LockstepError): boolean =>
  kind === 'transient' && ofRows.has(code);

const ofRows: ReadonlySet<ErrorCode> = new Set([
  'connection-lost',
  'statement-timeout',
  'transaction-too-large',
]);

/** A row that fails alone, again and again, while others go through is to blame itself, whatever the destination calls it. */
const toRefusedKey = (
  key: Key,
  { code, message, class: kind }: LockstepError,
  until: Position | null,
): RefusedKey => ({
  key,
  code,
  message,
  until: kind === 'deferred' ? until : null,
});

/** Keys that rows of others hold: left alone, and said. Where our row left there is nothing to say. */
export function clashesOf({ part, changes, outcomes }: WrittenPart): readonly RefusedKey[] {
  if (!outcomes.some(({ kind }) => kind === 'clash')) return [];
  return changes.flatMap(({ key, kind }, index) =>
    outcomes[index]?.kind === 'clash' && kind !== 'leave'
      ? [{ ...clashLetter(part.collection.name, key), until: null }]
      : [],
  );
}
