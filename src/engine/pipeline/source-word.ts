import { randomUUID } from 'node:crypto';
import type { StreamContext } from '../stream/context.ts';
import type { LiveMemory } from './memory.ts';

/**
 * A random word, kept at the source and in the control store and changed as long as the stream moves: a source that was restored from an
 * older copy has an older word, even where its identity and its positions say nothing.
 */
export class SourceWord {
  readonly #context: StreamContext;
  readonly #memory: LiveMemory;

  constructor(context: StreamContext, memory: LiveMemory) {
    this.#context = context;
    this.#memory = memory;
  }

  /** False: the source has another word than it was given. */
  async isKnown(): Promise<boolean> {
    const words = await this.#memory.words();
    if (words.length === 0) return true;
    const found = await this.#context.feed.recall({ signal: this.#context.signal });
    return found !== null && words.includes(found);
  }

  /** Both the old word and the new one are right until the new one is known to be there. */
  async renew(): Promise<void> {
    const { feed, signal } = this.#context;
    const word = randomUUID();
    const words = await this.#memory.words();
    await this.#memory.setWords([...words.slice(-1), word]);
    if (await feed.remember(word, { signal })) await this.#memory.setWords([word]);
    else await this.#memory.setWords([]);
  }
}
