import type { StreamContext } from '../stream/context.ts';
import type { ComparisonMemory, LiveMemory } from './memory.ts';

/** What `status` shows of the comparisons that a schedule asks for. */
export type ComparisonReport = ComparisonMemory & {
  /** Null: none is under way. */
  readonly underWaySinceMs: number | null;
};

interface Counts {
  /** Rows that differed when they were compared. */
  found: number;
  /** Changes that were applied meanwhile: each may be why one row differed. */
  applied: number;
  /** History was missing, or the source's shape changed: what is mended for that is no drift. */
  disturbed: boolean;
}

/**
 * Remembers what comparing both sides of a live pipeline found. What is counted as drift is at least so much: a row that differed only
 * because its change was under way is one that a change was applied to before the comparison ended, so these are taken off, and so are
 * dead letters. A busy pipeline may hide some drift, but none is made up.
 */
export class Comparisons {
  readonly #context: StreamContext;
  readonly #memory: LiveMemory;
  #known: ComparisonMemory;
  #underWaySinceMs: number | null = null;

  private constructor(context: StreamContext, memory: LiveMemory, known: ComparisonMemory) {
    this.#context = context;
    this.#memory = memory;
    this.#known = known;
  }

  static async open(context: StreamContext, memory: LiveMemory): Promise<Comparisons> {
    const stored = await memory.comparison();
    const known = stored ?? { watchedSinceMs: context.clock.now(), provenAtMs: null, last: null };
    if (stored === null) await memory.setComparison(known);
    return new Comparisons(context, memory, known);
  }

  get report(): ComparisonReport {
    return { ...this.#known, underWaySinceMs: this.#underWaySinceMs };
  }

  /** `compare` resolves to whether every collection was compared, and throws when it was stopped. */
  async during(compare: () => Promise<boolean>): Promise<void> {
    const startedAtMs = this.#context.clock.now();
    const counts: Counts = { found: 0, applied: 0, disturbed: false };
    using _counting = this.#count(counts);
    this.#underWaySinceMs = startedAtMs;
    const { events, pipeline, clock } = this.#context;
    let isWhole = false;
    let drifted: number | null = null;
    events.emit('comparison.started', { pipeline });
    try {
      const comparedAll = await compare();
      drifted = await this.#ended(startedAtMs, counts, comparedAll);
      isWhole = comparedAll;
    } finally {
      this.#underWaySinceMs = null;
      const seconds = (clock.now() - startedAtMs) / 1000;
      events.emit('comparison.finished', { pipeline, seconds, drifted, isWhole });
    }
  }

  async #ended(
    startedAtMs: number,
    { found, applied, disturbed }: Counts,
    isWhole: boolean,
  ): Promise<number> {
    const { store, pipeline, clock } = this.#context;
    const letters = await store.deadLetters.count(pipeline, undefined, 'any');
    const drifted = disturbed ? 0 : Math.max(0, found - applied - letters);
    const last = { startedAtMs, endedAtMs: clock.now(), drifted };
    const provenAtMs = isWhole ? startedAtMs : this.#known.provenAtMs;
    this.#known = { ...this.#known, last, provenAtMs };
    await this.#memory.setComparison(this.#known);
    return drifted;
  }

  #count(counts: Counts): Disposable {
    const { events, pipeline } = this.#context;
    const disturb = (event: { readonly pipeline: string }): void => {
      if (event.pipeline === pipeline) counts.disturbed = true;
    };
    const ends = [
      events.on('gap', disturb),
      events.on('barrier', disturb),
      events.on('healed', (event) => {
        // What the stream has not told yet may be why all of these differed.
        if (event.pipeline === pipeline && event.streamPassed) counts.found += event.written;
      }),
      events.on('window.applied', (event) => {
        if (event.pipeline === pipeline) counts.applied += event.changes;
      }),
    ];
    return {
      [Symbol.dispose]: () => {
        for (const end of ends) end();
      },
    };
  }
}
