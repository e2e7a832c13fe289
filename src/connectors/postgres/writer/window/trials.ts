import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { refusalOf } from '../../../../protocol/errors/refusal.ts';
import type { BatchStatement } from '../../session/batch.ts';
import type { Session } from '../../session/session.ts';
import type { NumberedChange } from './array-stage.ts';
import type { Planned } from './part-statements.ts';

export type Plan = (changes: readonly NumberedChange[]) => readonly Planned[];
export type Refuse = (ordinal: number, error: LockstepError) => void;

/** Throws what is refused. */
export type Work = (session: Session, changes: readonly NumberedChange[]) => Promise<unknown>;
/** Null: it went through. */
type Attempt = (changes: readonly NumberedChange[]) => Promise<LockstepError | null>;

const plain = (sql: string): BatchStatement => ({ sql, values: [] });
const toTrial = [plain('ROLLBACK TO SAVEPOINT lockstep_trial'), plain('RELEASE SAVEPOINT lockstep_trial')];

/** Statements within an open transaction that are taken back when they are refused. Each attempt is one round trip. */
export class Trials {
  readonly #session: Session;
  readonly #signal: AbortSignal;
  /** What the refused attempt before left to be done. */
  #undo: readonly BatchStatement[] = [];

  constructor(session: Session, signal: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
  }

  async begin(): Promise<void> {
    await this.#run([plain('SAVEPOINT lockstep_round')]);
  }

  async takeBack(): Promise<void> {
    await this.#run([
      plain('ROLLBACK TO SAVEPOINT lockstep_round'),
      plain('RELEASE SAVEPOINT lockstep_round'),
    ]);
  }

  /** Does it for all of the changes; where that is refused, for either half, until the guilty stand alone. */
  isolate(changes: readonly NumberedChange[], plan: Plan, refuse: Refuse): Promise<void> {
    return this.#halve(changes, (some) => this.#attempt(some, plan), refuse);
  }

  /** The same for what can't be sent at once. */
  isolateWork(changes: readonly NumberedChange[], work: Work, refuse: Refuse): Promise<void> {
    const attempt = (some: readonly NumberedChange[]) =>
      refusalOf(async () => {
        await this.#run([plain('SAVEPOINT lockstep_trial')]);
        this.#undo = toTrial;
        await work(this.#session, some);
        this.#undo = [];
        await this.#run([plain('RELEASE SAVEPOINT lockstep_trial')]);
      });
    return this.#halve(changes, attempt, refuse);
  }

  async #halve(changes: readonly NumberedChange[], attempt: Attempt, refuse: Refuse): Promise<void> {
    if (changes.length === 0) return;
    const error = await attempt(changes);
    if (error === null) return;
    const [only] = changes;
    if (changes.length === 1 && only !== undefined) return refuse(only.ordinal, error);
    const middle = changes.length >> 1;
    await this.#halve(changes.slice(0, middle), attempt, refuse);
    await this.#halve(changes.slice(middle), attempt, refuse);
  }

  #attempt(changes: readonly NumberedChange[], plan: Plan): Promise<LockstepError | null> {
    return refusalOf(async () => {
      // Planning makes values, which may be refused already.
      const planned = plan(changes);
      const statements = [
        plain('SAVEPOINT lockstep_trial'),
        ...planned.map(({ statement }) => statement),
        plain('RELEASE SAVEPOINT lockstep_trial'),
      ];
      const results = await this.#run(statements);
      planned.forEach(({ note }, index) => {
        note(results[index + 1] ?? []);
      });
    });
  }

  /** The statements' own results, without those of what is undone first. */
  async #run(statements: readonly BatchStatement[]): ReturnType<Session['batch']> {
    const undo = this.#undo;
    this.#undo = toTrial;
    const results = await this.#session.batch([...undo, ...statements], { signal: this.#signal });
    this.#undo = [];
    return results.slice(undo.length);
  }
}
