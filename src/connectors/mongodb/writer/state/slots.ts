import type { ClientSession, MongoClient, UUID } from 'mongodb';

export interface Slot {
  readonly number: number;
  readonly session: ClientSession;
}

/** The sessions that one engine writes from, as many as it has lanes and one more. Their names at the server stay as long as they live. */
export class Slots implements AsyncDisposable {
  readonly all: readonly Slot[];
  readonly #free: Slot[];
  readonly #waiting: ((slot: Slot) => void)[] = [];

  constructor(client: MongoClient, count: number) {
    this.all = Array.from({ length: count }, (_, number) => ({ number, session: client.startSession() }));
    this.#free = [...this.all];
  }

  async use<Result>(signal: AbortSignal, work: (slot: Slot) => Promise<Result>): Promise<Result> {
    signal.throwIfAborted();
    const slot = this.#free.pop() ?? (await new Promise<Slot>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(slot);
    } finally {
      this.#giveBack(slot);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map(({ session }) => session.endSession()));
  }

  #giveBack(slot: Slot): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }
}

export function nameOf({ session }: Slot): UUID {
  const id: unknown = session.id?.['id'];
  if (isUuid(id)) return id;
  throw new TypeError('the driver’s session has no id');
}

const isUuid = (id: unknown): id is UUID => typeof id === 'object' && id !== null && 'sub_type' in id;
