import {
  isLockstepError,
  type LockstepError,
  toLockstepError,
} from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import { hasAlternatives } from '../alternatives/choose.ts';
import { dropInverses } from '../generation/drop-inverses.ts';
import { leaseOf } from '../walk/context.ts';
import { clashLetter } from '../walk/write-rows.ts';
import type { AlternativeBook } from './alternative-book.ts';
import type { StreamContext } from './context.ts';
import { destinationAnswers, Isolation } from './isolation.ts';
import type { LanedWriter } from './lanes/laned-writer.ts';
import { isDivisible } from './lanes/split-window.ts';
import { lanePosition } from './lanes/torn-windows.ts';
import type { LetterBook, RefusedKey } from './letter-book.ts';
import type { Perseverance } from './persevere.ts';
import { readTouches } from './read-touches.ts';
import { mayBeOfSomeRow, suspectAfter } from './row-faults.ts';
import { type PlannedPart, toWritten, type WindowPlan } from './window-plan.ts';
import type { WriteRequest, WrittenPart } from './write-request.ts';

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
/**
 * Writes a window as a whole: what the destination refuses is found out, gets its letter, and the rest is written again with the position.
 * So a poisoned row costs its window a second attempt, and tears nothing.
 */
export class WindowWriter {
  readonly #parts: WriterParts;
  readonly #isolation: Isolation;
  /** No generation can be taken back any more. */
  #isBound = false;

  constructor(parts: WriterParts) {
    const { context, letters } = parts;
    this.#parts = parts;
    this.#isolation = new Isolation({
      context,
      letters,
      takeOut: (part, failed, plan) => this.#takeOut(part, failed, plan),
    });
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
        if (await destinationAnswers(this.#parts)) throw new SuspectWindow(error);
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
    if (error instanceof SuspectWindow || (isRefusal(error) && round > mostRounds))
      return await this.#isolation.isolate(parts, request);
    if (error.class === 'deferred' && (await this.#chooseAll(parts, request.plan))) return [];
    if (isRefusal(error)) await this.#takeOutRefused(parts, request.plan);
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
}

/** The destination answers, and yet this window fails again and again for reasons that should pass. */
class SuspectWindow extends Error {
  constructor(cause: LockstepError) {
    super(cause.message, { cause });
  }
}

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
