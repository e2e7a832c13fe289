import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { type Referrer, referredBy, referrersQuery } from './referrers.sql.ts';

export interface SparingRequest {
  readonly model: TargetModel;
  /** Places of changes that leave only if nothing else is lost or changed with them. */
  readonly ordinals: readonly number[];
  readonly signal: AbortSignal;
}

export interface SparedCheck {
  readonly sql: string;
  readonly refusal: LockstepError;
}

/** Refuses leavings that would take rows of others with them. */
export class SparedLeavings {
  readonly #request: SparingRequest;
  readonly #referrers: readonly Referrer[];

  private constructor(request: SparingRequest, referrers: readonly Referrer[]) {
    this.#request = request;
    this.#referrers = referrers;
  }

  static async open(session: Session, request: SparingRequest): Promise<SparedLeavings> {
    const { model, ordinals, signal } = request;
    const { kind } = model.leaving;
    const mayTakeOthers = ordinals.length > 0 && (kind === 'delete' || kind === 'custom');
    if (!mayTakeOthers) return new SparedLeavings(request, []);
    const { rows } = await session.query<Referrer & Record<string, unknown>>(
      referrersQuery,
      [model.table.oid, model.sql],
      { signal },
    );
    return new SparedLeavings(request, rows);
  }

  isSpared(ordinal: number): boolean {
    return this.#request.ordinals.includes(ordinal);
  }

  /** Statements that find staged leavings which may not leave now, and what to say of them. $1 ordinals */
  checksOf(leaves: Stage): readonly SparedCheck[] {
    const { model } = this.#request;
    return this.#referrers.map((referrer) => {
      const detail = `rows of ${referrer.table} refer to it still, and would go or change with it (${referrer.name})`;
      const refusal = new LockstepError('key-change-refused', { collection: model.collection, detail });
      return { sql: referredBy(model, leaves, referrer), refusal };
    });
  }

  /** Throws if any of them may not leave now. */
  async check(session: Session, leaves: Stage): Promise<void> {
    const { model, ordinals, signal } = this.#request;
    const { collection } = model;
    for (const { sql, refusal } of this.checksOf(leaves)) {
      const { rowCount } = await session.query(sql, [ordinals], { signal, collection });
      if (rowCount > 0) throw refusal;
    }
  }
}
