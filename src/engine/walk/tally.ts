import type { CollectionCounts } from '../../protocol/events.ts';
import type { GenerationCollection } from '../../protocol/generation.ts';
import type { OutcomeKind, WriteCounts } from '../../protocol/outcome.ts';

/** What happened to one collection in a pass; lanes add to it. */
export class Tally {
  sourceRows = 0;
  targetRows = 0;
  copied = 0;
  inserted = 0;
  updated = 0;
  left = 0;
  clashes = 0;
  deadLetters = 0;
  held = 0;
  /** Rows that came to a key which the target had already. */
  #met = 0;

  get met(): number {
    return this.#met;
  }

  addAppended(counts: WriteCounts): void {
    this.copied += counts.inserted;
    this.sourceRows += counts.inserted;
    this.targetRows += counts.inserted;
    this.#met += counts.updated + counts.unchanged;
  }

  /** The source's rows were counted when both sides were compared, and those that the target had are gone. */
  addReplaced(counts: WriteCounts): void {
    this.copied += counts.inserted;
    this.targetRows = counts.inserted;
  }

  /** Clashes are counted when it is known which keys they are. */
  addMerged(counts: WriteCounts): void {
    this.inserted += counts.inserted;
    this.updated += counts.updated;
    this.#met += counts.updated + counts.unchanged;
  }

  /** Undefined: it had no share. */
  addPromoted(counts: GenerationCollection | undefined): void {
    this.inserted += counts?.inserted ?? 0;
    this.updated += counts?.updated ?? 0;
    this.left += counts?.left ?? 0;
  }

  addOutcome(kind: OutcomeKind): void {
    if (kind === 'inserted') this.inserted += 1;
    else if (kind === 'updated') this.updated += 1;
    else if (kind === 'left') this.left += 1;
    else if (kind === 'clash') this.clashes += 1;
    if (kind === 'updated' || kind === 'unchanged') this.#met += 1;
  }

  counts(): CollectionCounts {
    return { ...this };
  }
}
