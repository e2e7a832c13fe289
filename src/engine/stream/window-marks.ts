import type { Key, Position } from '../../protocol/names.ts';
import { keysIn, type WindowPlan } from './window-plan.ts';

interface WindowMarksParts {
  readonly plan: WindowPlan;
  /** Where readers say that they have looked is a place that the feed tells of. */
  readonly believesReaders: boolean;
  readonly through: () => Promise<Position>;
  /** Collections whose last mark the stream has passed. */
  readonly passed: readonly string[];
  /** Collections that have a mark at the destination. */
  readonly kept: Set<string>;
}

/** Which marks go to the destination with a window: of what was read for it, and of what the stream has passed. */
export class WindowMarks {
  readonly #plan: WindowPlan;
  readonly #through: () => Promise<Position>;
  readonly #believesReaders: boolean;
  readonly #kept: Set<string>;
  readonly #marked = new Map<string, number>();
  readonly #all = new Map<string, Position | null>();

  constructor({ plan, through, believesReaders, passed, kept }: WindowMarksParts) {
    this.#believesReaders = believesReaders;
    this.#plan = plan;
    this.#through = through;
    this.#kept = kept;
    for (const name of passed) if (kept.has(name)) this.#all.set(name, null);
  }

  get all(): ReadonlyMap<string, Position | null> {
    return this.#all;
  }

  /** What was read since the last call. The head is taken after the read. */
  async fresh(): Promise<
    readonly { readonly collection: string; readonly keys: readonly Key[]; readonly until: Position }[]
  > {
    const unmarked = [...this.#plan.read].filter(
      ([name, keys]) => keys.length > (this.#marked.get(name) ?? 0),
    );
    if (unmarked.length === 0) return [];
    const { through, covered, read } = this.#plan;
    const isSaid = this.#believesReaders && through !== null && covered === keysIn(read);
    const until = isSaid ? through : await this.#through();
    return unmarked.map(([collection, keys]) => {
      this.#marked.set(collection, keys.length);
      this.#all.set(collection, until);
      return { collection, keys, until };
    });
  }

  written(): void {
    for (const [name, until] of this.#all) {
      if (until === null) this.#kept.delete(name);
      else this.#kept.add(name);
    }
  }
}
