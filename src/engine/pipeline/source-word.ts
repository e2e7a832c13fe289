import { randomUUID } from 'node:crypto';
import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StreamContext } from '../stream/context.ts';
import type { LiveMemory } from './memory.ts';

/** Before the first one is known to be there. */
const noneYet = '';

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

  /** A word that the source was never given; null: it has the one that it was given, or none is known. */
  async stranger(): Promise<string | null> {
    const words = await this.#memory.words();
    if (words.length === 0) return null;
    const found = (await this.#context.feed.recall({ signal: this.#context.signal })) ?? noneYet;
    return words.includes(found) ? null : found;
  }

  /** It is the right one from now on: what follows from it is known for good, and need not be found out again. */
  accept(stranger: string): Promise<void> {
    return this.#memory.setWords([stranger]);
  }

  /**
   * Both the old word and the new one are right until the new one is known to be there. A source that is away may have it or not: then the
   * same one is kept there next time. `onOther`: a source that has been put back has moved on to our place since, and tells nothing of it; it
   * is called before the word that shows so is written over.
   */
  async renew(onOther: () => Promise<void>): Promise<void> {
    const stranger = await this.#unlessAway(() => this.stranger());
    if (stranger === undefined) return;
    if (stranger !== null) {
      await onOther();
      await this.accept(stranger);
    }
    const [known, pending] = await this.#memory.words();
    const word = pending ?? randomUUID();
    await this.#memory.setWords(known === undefined ? [noneYet, word] : [known, word]);
    const { feed, signal } = this.#context;
    const isKept = await this.#unlessAway(() => feed.remember(word, { signal }));
    if (isKept !== undefined) await this.#memory.setWords(isKept ? [word] : []);
  }

  /** Undefined: nobody can say. */
  async #unlessAway<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class !== 'transient' || this.#context.signal.aborted) throw error;
      this.#tell(error);
      return undefined;
    }
  }

  #tell({ code, message }: LockstepError): void {
    const { pipeline, events } = this.#context;
    events.emit('retry', {
      pipeline,
      what: 'keep a word at the source',
      code,
      message,
      attempt: 1,
      delayMs: 0,
    });
  }
}
