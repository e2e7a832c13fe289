import type { KeyMove } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { encodeKey } from '../../key.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { stageKeys } from '../stage/stage-keys.ts';
import {
  bringOver,
  columnToSetAside,
  deleteDisplaced,
  disownFormer,
  type MoveStages,
  outOfScope,
  ownNew,
  placesOf,
  rekey,
  setAside,
} from './move.sql.ts';
import { type LookedAt, type PossibleMoves, possibleMoves } from './possible-moves.ts';

export interface MoverRequest {
  readonly model: TargetModel;
  readonly moves: readonly KeyMove[];
  /** These very moves were surely not made before. */
  readonly isOnce: boolean;
  /** Of the temporary tables' names. */
  readonly suffix: string;
  readonly signal: AbortSignal;
}

const nobody: PossibleMoves = { moving: [], aside: [], displacing: [] };

/** Gives rows of one target their new keys, where that is possible, before anything else is written. */
export class KeyMover {
  readonly #session: Session;
  readonly #request: MoverRequest;
  readonly #stages: MoveStages | null;
  readonly #looked: readonly LookedAt[];

  private constructor(
    session: Session,
    request: MoverRequest,
    found: { readonly stages: MoveStages | null; readonly looked: readonly LookedAt[] },
  ) {
    this.#session = session;
    this.#request = request;
    this.#stages = found.stages;
    this.#looked = found.looked;
  }

  /** Looks where the rows are; nothing may be written to the target between this and the moving but what is taken back. */
  static async open(session: Session, request: MoverRequest): Promise<KeyMover> {
    const { model, moves, suffix, signal } = request;
    const canMove = moves.length > 0 && model.key.every((key) => !key.generated && !key.identityAlways);
    if (!canMove) return new KeyMover(session, request, { stages: null, looked: [] });
    const staged = (name: string, side: 'from' | 'to'): Promise<Stage> =>
      stageKeys(session, {
        model,
        name: `${name}${suffix}`,
        keys: moves.map((move, ordinal) => ({ ordinal, key: move[side] })),
        signal,
      });
    const stages = { from: await staged('lockstep_from', 'from'), to: await staged('lockstep_to', 'to') };
    const places = async (side: 'from' | 'to') => {
      const sql = placesOf(model, stages[side], { ours: side === 'from' });
      const { rows } = await session.query<{ n: number; place: string }>(sql, undefined, { signal });
      return new Map(rows.map(({ n, place }) => [n, place]));
    };
    const [from, to] = [await places('from'), await places('to')];
    const mayDisplace = model.leaving.kind === 'delete';
    const looked = moves.map(({ displaces }, ordinal) => ({
      ordinal,
      from: from.get(ordinal) ?? null,
      to: to.get(ordinal) ?? null,
      displaces: displaces && mayDisplace,
    }));
    return new KeyMover(session, request, { stages, looked });
  }

  /** Moves these, or all. Returns the moves whose rows have their new keys now, and those that took the place of a row that is gone. */
  async move(
    only?: ReadonlySet<number>,
  ): Promise<{ readonly moved: readonly KeyMove[]; readonly displacing: readonly KeyMove[] }> {
    const stages = this.#stages;
    const { moving, aside, displacing } = this.#possible(only);
    if (stages === null || moving.length === 0) return { moved: [], displacing: [] };
    const { model } = this.#request;
    const isAside = new Set(aside);
    const direct = moving.filter((ordinal) => !isAside.has(ordinal));
    const displaced =
      displacing.length === 0 ? [] : await this.#ordinals(deleteDisplaced(model, stages), displacing);
    const back = aside.length === 0 ? null : await this.#setAside(stages, aside);
    const moved = [
      ...(await this.#ordinals(rekey(model, stages, { ours: true }), direct)),
      ...(back === null
        ? []
        : await this.#ordinals(rekey(model, { ...stages, from: back }, { ours: false }), aside)),
    ];
    if (back !== null) await this.#execute(`DROP TABLE ${back.sql}`);
    await this.#own(stages, moved);
    return { moved: this.#named(moved), displacing: this.#named(displaced) };
  }

  /** The other way, for rows that others refer to: they stand under both keys until the former one leaves. */
  async bringOver(upserts: Stage | null, only?: ReadonlySet<number>): Promise<readonly KeyMove[]> {
    const stages = this.#stages;
    const { moving, aside, displacing } = this.#possible(only);
    const inTheWay = new Set([...aside, ...displacing]);
    const free = moving.filter((ordinal) => !inTheWay.has(ordinal));
    if (stages === null || upserts === null || free.length === 0) return [];
    const { model } = this.#request;
    await this.#query(bringOver(model, stages, upserts), free);
    if (model.owned !== null) await this.#query(ownNew(model, stages), free);
    return this.#named(free);
  }

  #possible(only?: ReadonlySet<number>): PossibleMoves {
    const looked =
      only === undefined ? this.#looked : this.#looked.filter(({ ordinal }) => only.has(ordinal));
    if (looked.length === 0) return nobody;
    const canStandAside = columnToSetAside(this.#request.model) !== null;
    const possible = possibleMoves(looked, this.#request.isOnce);
    if (canStandAside || possible.aside.length === 0) return possible;
    // Whoever stands in the way stays, and so does everybody behind.
    const isAside = new Set(possible.aside);
    return possibleMoves(
      looked.map((each) => (isAside.has(each.ordinal) ? { ...each, from: null } : each)),
      false,
    );
  }

  async #setAside(stages: MoveStages, ordinals: readonly number[]): Promise<Stage> {
    const { model, suffix, signal } = this.#request;
    const column = columnToSetAside(model);
    if (column === null) throw new Error('no column of the key can hold a temporary value');
    const { rows } = await this.#query(setAside(model, stages, column), ordinals);
    const keys = rows.map(({ n, key }) => ({ ordinal: n, key: encodeKey(key) }));
    return await stageKeys(this.#session, { model, name: `lockstep_aside${suffix}`, keys, signal });
  }

  async #own(stages: MoveStages, moved: readonly number[]): Promise<void> {
    const { model } = this.#request;
    if (model.scope.kind === 'all' || moved.length === 0) return;
    if (model.owned !== null) {
      await this.#query(disownFormer(model, stages), moved);
      await this.#query(ownNew(model, stages), moved);
    }
    const { rows } = await this.#query(outOfScope(model, stages), moved);
    if (rows.length === 0) return;
    const detail = 'under its new key the row lies outside of the scope';
    throw new LockstepError('value-refused', { collection: model.collection, detail });
  }

  #named(ordinals: readonly number[]): readonly KeyMove[] {
    const chosen = new Set(ordinals);
    return this.#request.moves.filter((_, ordinal) => chosen.has(ordinal));
  }

  async #ordinals(sql: string, ordinals: readonly number[]): Promise<readonly number[]> {
    if (ordinals.length === 0) return [];
    return (await this.#query(sql, ordinals)).rows.map(({ n }) => n);
  }

  #query(sql: string, ordinals: readonly number[]) {
    return this.#session.query<{ n: number; key: string[] }>(sql, [ordinals], this.#options());
  }

  #execute(sql: string): Promise<void> {
    return this.#session.execute(sql, this.#options());
  }

  #options(): { readonly signal: AbortSignal; readonly collection: string } {
    return { signal: this.#request.signal, collection: this.#request.model.collection };
  }
}
