import type { AlertMessage } from '../../protocol/alerts.ts';
import type { CheckpointEntry } from '../../protocol/control-store.ts';
import { outboxEntry, type Waiting } from './alert-memory.ts';

/** More than this of one pipeline would tell nobody anything when the target is back. */
export const mostWaiting = 500;

/** Messages of one pipeline that wait for one target, oldest first. Says what has to be saved; saves nothing itself. */
export class Outbox {
  readonly #target: string;
  #waiting: readonly Waiting[];
  #next: number;

  constructor(target: string, waiting: readonly Waiting[]) {
    this.#target = target;
    this.#waiting = waiting;
    this.#next = (waiting.at(-1)?.number ?? 0) + 1;
  }

  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  /** Over the bound the oldest goes, and the one after it says how many went. */
  add(messages: readonly AlertMessage[]): readonly CheckpointEntry[] {
    const added = messages.map((message, index) => ({ number: this.#next + index, message }));
    this.#next += messages.length;
    const all = [...this.#waiting, ...added];
    const dropped = all.slice(0, Math.max(0, all.length - mostWaiting));
    const kept = marked(all.slice(dropped.length), dropped);
    const before = new Set(this.#waiting);
    this.#waiting = kept;
    return [
      ...dropped.filter((each) => before.has(each)).map(({ number }) => this.#entry(number, undefined)),
      ...kept.filter((each) => !before.has(each)).map(({ number, message }) => this.#entry(number, message)),
    ];
  }

  remove(number: number): CheckpointEntry {
    this.#waiting = this.#waiting.filter((each) => each.number !== number);
    return this.#entry(number, undefined);
  }

  #entry(number: number, message: AlertMessage | undefined): CheckpointEntry {
    return outboxEntry(this.#target, { number, message });
  }
}

function marked(kept: readonly Waiting[], dropped: readonly Waiting[]): readonly Waiting[] {
  const [first, ...rest] = kept;
  if (first === undefined || dropped.length === 0) return kept;
  const missed = dropped.reduce((sum, { message }) => sum + 1 + message.missed, first.message.missed);
  return [{ ...first, message: { ...first.message, missed } }, ...rest];
}
