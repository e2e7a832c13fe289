import type { SessionPool } from '../../session/pool.ts';
import type { Session } from '../../session/session.ts';
import { PlanAge } from './plan-age.ts';
import { windowSettings } from './window-state.sql.ts';

/** Sessions that write windows and nothing else, so that what they prepared stays prepared. One per lane that writes at once. */
export class WindowSessions implements AsyncDisposable {
  readonly #pool: SessionPool;
  readonly #idle: Session[] = [];
  readonly #plans = new WeakMap<Session, PlanAge>();
  #closed = false;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  async use<T>(
    work: (session: Session, plans: PlanAge) => Promise<T>,
    options: { readonly signal: AbortSignal },
  ): Promise<T> {
    const session = (await this.#takeIdle()) ?? (await this.#open(options));
    try {
      return await work(session, this.#plansOf(session));
    } finally {
      await this.#giveBack(session);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((session) => session[Symbol.asyncDispose]()));
  }

  #plansOf(session: Session): PlanAge {
    const plans = this.#plans.get(session) ?? new PlanAge();
    this.#plans.set(session, plans);
    return plans;
  }

  async #open({ signal }: { readonly signal: AbortSignal }): Promise<Session> {
    const session = await this.#pool.open({ signal });
    try {
      await session.execute(windowSettings, { signal });
      return session;
    } catch (thrown) {
      await session[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #takeIdle(): Promise<Session | null> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.broken) return session;
      await session[Symbol.asyncDispose]();
    }
    return null;
  }

  async #giveBack(session: Session): Promise<void> {
    // Its server process may be at work still; the pool's next transaction makes sure of its end.
    if (session.broken) this.#pool.abandoned.add(session.processId);
    if (session.broken || this.#closed) await session[Symbol.asyncDispose]();
    else this.#idle.push(session);
  }
}
