import { reach } from '../../protocol/failpoints.ts';
import type { Key } from '../../protocol/names.ts';
import { LeavingGuard } from '../walk/guard.ts';
import { persisting } from '../walk/retrying.ts';
import type { StreamCollection } from './collection.ts';
import type { StreamContext } from './context.ts';
import type { Gauges } from './gauges.ts';
import type { PlannedPart } from './window-plan.ts';

/**
 * Keeps leavings back when a collection shrinks by more than its guard allows. What is held is durable before the position that covers it
 * moves; once it is approved, the keys are read again.
 */
export class LeavingHolder {
  readonly #context: StreamContext;
  readonly #guard = new LeavingGuard();
  readonly #held = new Map<string, number>();

  private constructor(context: StreamContext) {
    this.#context = context;
  }

  static async open(context: StreamContext): Promise<LeavingHolder> {
    const holder = new LeavingHolder(context);
    for (const { collection, leaving, state } of await context.store.guards.list(context.pipeline))
      if (state === 'waiting') holder.#held.set(collection, leaving);
    return holder;
  }

  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** A walk raised the guard. */
  holds(collection: string, leaving: number): void {
    this.#held.set(collection, leaving);
  }

  /** Somebody decided about what was held. */
  released(collection: string): void {
    this.#held.delete(collection);
  }

  /**
   * Takes out of the part what may not leave now. While something of the collection is held, everything else that leaves is held too. Once
   * `hurry` aborts, a destination that is away is not waited for.
   */
  async hold(part: PlannedPart, gauges: Gauges, hurry: AbortSignal): Promise<void> {
    const { collection, changes, mayLeave } = part;
    const told = changes.filter(({ kind, key }) => kind === 'leave' && !mayLeave.has(key));
    if (told.length === 0 || collection.plan.leaving.kind === 'keep') return;
    const gauge = await gauges.of(collection.name);
    if (gauge === undefined) return;
    const isHeld = this.#held.has(collection.name);
    const limits = this.#guard.limits(collection.work);
    const mayAll = (leaving: number): boolean =>
      !isHeld && gauge.allows(leaving, limits, this.#context.clock.now());
    if (mayAll(told.length)) return;
    const held = await this.#present(
      collection,
      told.map(({ key }) => key),
      hurry,
    );
    if (mayAll(held.size)) return;
    if (!isHeld) await this.#letApproved(collection.name, held);
    if (held.size === 0) return;
    await this.#raise(collection.name, [...held], gauge.total);
    part.changes = changes.filter(({ key, kind }) => kind !== 'leave' || !held.has(key));
    // A row that takes the place of one that is gone would delete that one.
    part.moves = part.moves.filter(({ from, displaces }) => !displaces || !held.has(from));
  }

  /** Rows that came and went before they were brought are no loss. */
  async #present(
    { name, target }: StreamCollection,
    keys: readonly Key[],
    hurry: AbortSignal,
  ): Promise<Set<Key>> {
    const signal = AbortSignal.any([this.#context.signal, hurry]);
    const what = `look for what leaves ${name}`;
    return new Set(await persisting(this.#context, { what, signal }, () => target.present(keys, { signal })));
  }

  /** Changes that are told again after a crash, of which somebody has decided meanwhile: raising anew would forget that. */
  async #letApproved(collection: string, held: Set<Key>): Promise<void> {
    const { store, pipeline } = this.#context;
    const guards = await store.guards.list(pipeline);
    if (!guards.some((guard) => guard.collection === collection && guard.state === 'approved')) return;
    for await (const keys of store.guards.keys(pipeline, collection))
      for (const key of keys) held.delete(key);
  }

  async #raise(collection: string, keys: readonly Key[], total: number): Promise<void> {
    const { store, pipeline, fence, settings, events, clock } = this.#context;
    const wasHeld = this.#held.get(collection) ?? 0;
    const leaving = wasHeld + keys.length;
    const samples = keys.slice(0, settings.samples);
    const guard = { collection, leaving, total, samples, raisedAtMs: clock.now() };
    reach('guard.raise.before');
    if (wasHeld === 0) await store.guards.raise({ pipeline, fence }, guard, inOnePage(keys));
    else await store.guards.extend({ pipeline, fence }, collection, keys);
    reach('guard.raise.after');
    this.#held.set(collection, leaving);
    if (wasHeld === 0) events.emit('guard.raised', { pipeline, collection, leaving, total, samples });
  }
}

async function* inOnePage(keys: readonly Key[]): AsyncIterable<readonly Key[]> {
  yield keys;
}
