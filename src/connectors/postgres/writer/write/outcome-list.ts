import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';

/** Those without more to say are shared: there are as many outcomes as changes. */
const unchanged: Outcome = Object.freeze({ kind: 'unchanged' });

/** One outcome per change, in the caller's order. What no statement says anything about is unchanged. */
export class OutcomeList {
  readonly #outcomes: Outcome[];

  constructor(length: number) {
    this.#outcomes = new Array<Outcome>(length).fill(unchanged);
  }

  /** The latest word counts. */
  set(ordinals: readonly number[], kind: Exclude<Outcome['kind'], 'failed'>): void {
    const outcome: Outcome = Object.freeze({ kind });
    for (const ordinal of ordinals) this.#outcomes[ordinal] = outcome;
  }

  fail(ordinals: readonly number[], error: LockstepError): void {
    for (const ordinal of ordinals) this.#outcomes[ordinal] = { kind: 'failed', error };
  }

  /** What was written is taken back; what is somebody else's stays so. */
  forgetWrites(): void {
    this.#outcomes.forEach(({ kind }, ordinal) => {
      if (kind !== 'clash') this.#outcomes[ordinal] = unchanged;
    });
  }

  /** The first that failed. */
  failure(): LockstepError | null {
    const failed = this.#outcomes.find((outcome) => outcome.kind === 'failed');
    return failed?.kind === 'failed' ? failed.error : null;
  }

  ordinalsOf(kind: Outcome['kind']): readonly number[] {
    return this.#outcomes.flatMap((outcome, ordinal) => (outcome.kind === kind ? [ordinal] : []));
  }

  all(): readonly Outcome[] {
    return this.#outcomes;
  }
}
