import { storeUnusable } from '../store-errors.ts';
import { type SessionSettings, StoreSession } from './session.ts';

/** A few sessions, opened when they are needed and kept; one that broke is replaced. */
export class SessionPool implements AsyncDisposable {
  readonly #settings: SessionSettings;
  readonly #size: number;
  readonly #idle: StoreSession[] = [];
  readonly #inUse = new Set<StoreSession>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #closed = false;

  constructor(settings: SessionSettings, size: number) {
    this.#settings = settings;
    this.#size = size;
  }

  /** Work with a session of its own, in no transaction when it begins; waits while all are in use. */
  async use<Result>(work: (session: StoreSession) => Promise<Result>): Promise<Result> {
    await this.#slot();
    try {
      const session = await this.#session();
      this.#inUse.add(session);
      try {
        return await work(session);
      } finally {
        this.#inUse.delete(session);
        await this.#giveBack(session);
      }
    } finally {
      this.#freeSlot();
    }
  }

  /** After one connection was lost the others most likely are, too, and nobody has noticed yet. */
  forgetIdle(): void {
    for (const session of this.#idle.splice(0)) session.destroy();
  }

  /** What is under way ends with an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting();
    for (const session of this.#inUse) session.destroy();
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  async #session(): Promise<StoreSession> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.broken) return session;
    }
    const opened = await StoreSession.open(this.#settings);
    if (!this.#closed) return opened;
    await opened.close();
    throw this.#isClosed();
  }

  async #giveBack(session: StoreSession): Promise<void> {
    if (this.#closed) await session.close();
    else if (!session.broken) this.#idle.push(session);
  }

  async #slot(): Promise<void> {
    if (!this.#closed && this.#taken >= this.#size)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#taken += 1;
    if (!this.#closed) return;
    this.#freeSlot();
    throw this.#isClosed();
  }

  /** Whoever waits inherits the slot. */
  #freeSlot(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  #isClosed() {
    return storeUnusable(this.#settings.address.label, 'it was closed');
  }
}
