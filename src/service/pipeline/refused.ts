import { parkLetters } from '../../engine/apply/dead-letters.ts';
import type { WalkContext } from '../../engine/walk/context.ts';
import type { RefusedPiece } from '../../protocol/generation.ts';
import type { CollectionFailure } from '../results.ts';
import { collectionFailure } from './collection-failure.ts';

/**
 * What the destination refuses of a generation that is brought in by somebody's word. Nothing tries it by itself afterwards, as a run does, so what
 * only another row is in the way of gets a letter too: the next run tries these.
 */
export class Refused {
  readonly #walk: WalkContext;
  readonly #letters = new Set<string>();
  readonly #failures = new Map<string, CollectionFailure>();

  constructor(walk: WalkContext) {
    this.#walk = walk;
  }

  get letters(): number {
    return this.#letters.size;
  }

  get failures(): readonly CollectionFailure[] {
    return [...this.#failures.values()];
  }

  /** Durable on return. */
  async note(pieces: readonly RefusedPiece[]): Promise<void> {
    for (const [collection, own] of Map.groupBy(pieces, ({ target }) => target.plan.name)) {
      const letters = own.flatMap(({ key, error: { code, message } }) =>
        key === null ? [] : [{ key, code, message }],
      );
      await parkLetters(this.#walk, collection, letters);
      for (const { key } of letters) this.#letters.add(`${collection} ${key}`);
      for (const { key, error } of own)
        if (key === null) this.#failures.set(collection, collectionFailure(collection, error));
    }
  }
}
