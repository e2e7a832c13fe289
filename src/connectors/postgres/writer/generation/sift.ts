import { type LockstepError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { RefusedPiece } from '../../../../protocol/generation.ts';
import { encodeKey } from '../../key.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { deleteLeaving, markLeaving } from '../write/leave.sql.ts';
import { refuseFixed } from '../write/merge.ts';
import { insertMissing, stillAbsent, updateDiffering } from '../write/upsert.sql.ts';
import { entryOf, unfit } from './journal.ts';
import { keyTexts } from './kept-tables.sql.ts';
import { isSwapped, isWhole, type Member, membersOf } from './member.ts';
import { type GenerationRequest, openShares, promoteInSomeOrder } from './promote.ts';
import { stillGone } from './promotion.ts';
import { siftWholes } from './whole/sift-whole.ts';

/** One row or key that was refused by itself. */
interface Refusal {
  readonly piece: Piece;
  readonly error: LockstepError;
}

/** As many are tried at once as long as nothing among them is refused. */
const triedAtOnce = 1_000;

/**
 * Finds out which staged rows and keys the destination refuses, by writing all of them in a transaction that is undone: halves, until what
 * is to blame stands alone, and again what was refused, until no more of it goes through.
 */
export async function siftGeneration(
  destination: Destination,
  { id, targets, options }: GenerationRequest,
): Promise<readonly RefusedPiece[]> {
  const { layout, pipeline } = destination;
  const { signal } = options;
  return await writeTransaction(destination, options, async (session) => {
    const entry = await entryOf(session, id, { layout, pipeline, signal });
    if (entry.state !== 'staged') throw unfit(id, `it is ${entry.state}`);
    const sieve = new Sieve(session, signal);
    // What would only show at the end must show where it is: with the row that is to blame.
    await session.execute('SAVEPOINT lockstep_sift; SET CONSTRAINTS ALL IMMEDIATE', { signal });
    const members = membersOf(layout, entry, targets);
    await sieve.try(members.filter((member) => !isWhole(member) && !isSwapped(member)));
    const wholes = await siftWholes(session, members.filter(isWhole), signal);
    await session.execute('ROLLBACK TO SAVEPOINT lockstep_sift', { signal });
    const refused = wholes.map(({ member: { target }, error }) => ({ target, key: null, error }));
    return [...(await sieve.refused()), ...refused];
  });
}

/** Ordinals of one stage. */
interface Piece {
  readonly member: Member;
  readonly stage: Stage;
  readonly ordinals: readonly number[];
  readonly statements: (stage: Stage) => readonly (string | null)[];
}

class Sieve {
  readonly #session: Session;
  readonly #signal: AbortSignal;
  #refused: Refusal[] = [];

  constructor(session: Session, signal: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
  }

  async try(members: readonly Member[]): Promise<void> {
    for (const member of members) await this.#tryStage(member, 'rows');
    for (const member of members.toReversed()) await this.#tryStage(member, 'keys');
    for (let before = Number.POSITIVE_INFINITY; this.#refused.length < before; ) {
      before = this.#refused.length;
      const again = this.#refused.filter(isDeferred);
      this.#refused = this.#refused.filter((each) => !isDeferred(each));
      for (const { piece } of again) await this.#try(piece);
    }
    await this.#tryTogether(members);
  }

  /** Rows that hold each other's values are refused one by one, and go through together: of all targets, or at least of one. */
  async #tryTogether(members: readonly Member[]): Promise<void> {
    const deferred = this.#refused.filter(isDeferred);
    const ofOne = members.map((member) => deferred.filter(({ piece }) => piece.member === member));
    for (const some of [deferred, ...ofOne]) {
      if (some.length === 0 || !(await this.#goTogether(members, some))) continue;
      this.#refused = this.#refused.filter((each) => !some.includes(each));
      if (some === deferred) return;
    }
  }

  #goTogether(members: readonly Member[], some: readonly Refusal[]): Promise<boolean> {
    const only = (stage: Stage): Stage => {
      const ordinals = some
        .filter(({ piece }) => piece.stage === stage)
        .flatMap(({ piece }) => piece.ordinals);
      return these(stage, ordinals);
    };
    const partial = members
      .filter((member) => some.some(({ piece }) => piece.member === member))
      .map((member) => ({
        ...member,
        kept: { ...member.kept, rows: only(member.kept.rows), keys: only(member.kept.keys) },
      }));
    return this.#isThrough(async () => {
      const shares = await openShares(this.#session, partial, this.#signal);
      await promoteInSomeOrder(this.#session, shares, this.#signal);
    });
  }

  async #isThrough(work: () => Promise<void>): Promise<boolean> {
    return (await this.#errorOf(work)) === null;
  }

  /** By key: ordinals are nobody else's. */
  async refused(): Promise<readonly RefusedPiece[]> {
    const refused: RefusedPiece[] = [];
    for (const { piece, error } of this.#refused) {
      const { member, stage, ordinals } = piece;
      const { rows } = await this.#session.query<{ key: readonly string[] }>(
        keyTexts(member.model, stage),
        [ordinals],
        { signal: this.#signal },
      );
      for (const { key } of rows) refused.push({ target: member.target, key: encodeKey(key), error });
    }
    return refused;
  }

  async #tryStage(member: Member, which: 'rows' | 'keys'): Promise<void> {
    const stage = member.kept[which];
    const statements =
      which === 'rows' ? (some: Stage) => writing(member, some) : (some: Stage) => leaving(member, some);
    for (let after = -1; ; ) {
      const { rows } = await this.#session.query<{ n: number }>(
        `SELECT ${ordinal} AS n FROM ${stage.sql} WHERE ${ordinal} > $1 ORDER BY 1 LIMIT ${triedAtOnce}`,
        [after],
        { signal: this.#signal },
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      await this.#try({ member, stage, ordinals: rows.map(({ n }) => n), statements });
      after = last.n;
    }
  }

  async #try(piece: Piece): Promise<void> {
    const error = await this.#attempt(piece);
    if (error === null) return;
    const { ordinals } = piece;
    if (ordinals.length === 1) {
      this.#refused.push({ piece, error });
      return;
    }
    const middle = ordinals.length >> 1;
    await this.#try({ ...piece, ordinals: ordinals.slice(0, middle) });
    await this.#try({ ...piece, ordinals: ordinals.slice(middle) });
  }

  #attempt({ member, stage, ordinals, statements }: Piece): Promise<LockstepError | null> {
    const { collection, leaving } = member.model;
    const options = { signal: this.#signal, collection };
    const some = these(stage, ordinals);
    const all = statements(some).filter((statement) => statement !== null);
    return this.#errorOf(async () => {
      // In one round trip: there may be thousands of attempts.
      if (all.length > 0) await this.#session.execute(all.join(';\n'), options);
      if (stage !== member.kept.rows) return;
      await refuseFixed(this.#session, { model: member.model, stage: some, signal: this.#signal });
      if (leaving.kind !== 'mark' && leaving.kind !== 'custom') return;
      const { rowCount } = await this.#session.query(stillAbsent(member.model, some), undefined, options);
      if (rowCount > 0) throw stillGone(collection);
    });
  }

  /** Null: it went through; else it is undone. */
  async #errorOf(work: () => Promise<void>): Promise<LockstepError | null> {
    const options = { signal: this.#signal };
    await this.#session.execute('SAVEPOINT lockstep_try', options);
    try {
      await work();
      await this.#session.execute('RELEASE SAVEPOINT lockstep_try', options);
      return null;
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class !== 'change' && error.class !== 'deferred') throw thrown;
      const takeBack = 'ROLLBACK TO SAVEPOINT lockstep_try; RELEASE SAVEPOINT lockstep_try';
      await this.#session.execute(takeBack, options);
      return error;
    }
  }
}

const isDeferred = ({ error }: Refusal): boolean => error.class === 'deferred';

const these = (stage: Stage, ordinals: readonly number[]): Stage => ({
  ...stage,
  sql: `(SELECT * FROM ${stage.sql} WHERE ${ordinal} IN (${['NULL', ...ordinals].join(', ')}))`,
});

/** Nothing of the owned keys: all of this is undone. */
const writing = ({ model }: Member, stage: Stage): readonly (string | null)[] => [
  updateDiffering(model, stage),
  insertMissing(model, stage),
];

function leaving({ model }: Member, stage: Stage): readonly string[] {
  switch (model.leaving.kind) {
    case 'delete':
      return [deleteLeaving(model, stage)];
    case 'mark':
      return [markLeaving(model, stage, model.leaving.set)];
    case 'keep':
    case 'custom':
      return [];
  }
}
