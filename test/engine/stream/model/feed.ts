import type { FeedChange } from '../../../../src/protocol/change.ts';
import { LockstepError } from '../../../../src/protocol/errors/lockstep-error.ts';
import type { FeedItem } from '../../../../src/protocol/feed.ts';
import { batch } from '../feed-changes.ts';
import type { ModelDestination } from './destination.ts';
import type { ModelSource } from './source.ts';
import type { Turns } from './turns.ts';

interface FeedParts {
  readonly turns: Turns;
  readonly source: ModelSource;
  readonly destination: ModelDestination;
  readonly content: 'rows' | 'touches';
}

/** Tells the log of the source, each transaction in pieces that are others each time; is cut off now and then. */
export class ModelFeed {
  readonly capabilities;
  readonly #parts: FeedParts;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.capabilities = { content: parts.content };
  }

  order(_: string, a: string, b: string): 'before' | 'same' | 'after' {
    if (a === b) return 'same';
    return Number(a) < Number(b) ? 'before' : 'after';
  }

  async head(): Promise<{ readonly positions: ReadonlyMap<string, string>; readonly atMs: number }> {
    const { turns, source } = this.#parts;
    await turns.pause(2);
    const positions = new Map([['main', `${source.head}`]]);
    return { positions, atMs: 0 };
  }

  async *open(
    resume: ReadonlyMap<string, string>,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncIterable<FeedItem> {
    const { turns, source } = this.#parts;
    // What it still has in memory it may tell at once.
    const kept = turns.draw(2) * source.head;
    for (let at = Number(resume.get('main') ?? 0); !signal.aborted; ) {
      const told = source.log[at];
      if (told === undefined) {
        await source.committed.next(signal);
        continue;
      }
      at += 1;
      if (at <= kept) yield batch(told, `${at}`);
      else yield* this.#tell(told, `${at}`);
      if (turns.fails(32)) throw new LockstepError('connection-lost', { address: 'feed', detail: 'cut' });
    }
  }

  acknowledge(_: string, __: number, position: string): void {
    const { destination } = this.#parts;
    if (Number(position) > destination.position)
      destination.violations.push(`${position} is acknowledged at ${destination.position}`);
  }

  async *#tell(told: readonly FeedChange[], boundary: string): AsyncIterable<FeedItem> {
    const { turns } = this.#parts;
    for (let from = 0; from === 0 || from < told.length; ) {
      await turns.pause(2);
      const to = Math.min(told.length, from + 1 + turns.draw(4));
      const isLast = to === told.length;
      const changes = told.slice(from, to);
      yield batch(changes, isLast ? boundary : null);
      if (isLast) return;
      from = to;
    }
  }
}
