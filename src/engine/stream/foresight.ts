import type { StreamWriter } from '../../protocol/writer.ts';
import type { StreamCollection } from './collection.ts';
import type { LetterBook } from './letter-book.ts';
import { planTold } from './plan-window.ts';
import type { TouchMarks } from './touch-marks.ts';
import type { Window } from './window.ts';
import { toWritten, type WindowPlan } from './window-plan.ts';

export interface ForesightParts {
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly marks: TouchMarks;
  readonly letters: Pick<LetterBook, 'hasAny'>;
  readonly writer: Pick<StreamWriter, 'foresee'>;
}

/**
 * Makes ready the window that is next while the one before it is on its way. Only where nothing that happens meanwhile has a say in it: its
 * changes are told whole, and there is neither a letter nor a mark of its collections, then and when its turn has come.
 */
export class Foresight {
  readonly #parts: ForesightParts;
  #next: { readonly window: Window; readonly plan: WindowPlan | null } | null = null;

  constructor(parts: ForesightParts) {
    this.#parts = parts;
  }

  foresee(window: Window): void {
    if (this.#next?.window === window) return;
    const plan = this.#isPlain(window) ? this.#plan(window) : null;
    this.#next = { window, plan };
    if (plan !== null) this.#parts.writer.foresee?.([...plan.parts.values()].map(toWritten));
  }

  /** Null: it has to be planned now. */
  take(window: Window): WindowPlan | null {
    const next = this.#next;
    this.#next = null;
    if (next?.window !== window || next.plan === null || !this.#isPlain(window)) return null;
    const { collections } = this.#parts;
    const isSame = [...next.plan.parts].every(([name, part]) => collections.get(name) === part.collection);
    return isSame ? next.plan : null;
  }

  #plan(window: Window): WindowPlan | null {
    try {
      return planTold(window, this.#parts.collections);
    } catch {
      // Told when its turn has come: then it is planned again.
      return null;
    }
  }

  #isPlain(window: Window): boolean {
    const { collections, marks, letters } = this.#parts;
    return [...window.collections.keys()].every((name) => {
      const collection = collections.get(name);
      if (collection === undefined || collection.stopped !== null || collection.carried === null)
        return false;
      return !letters.hasAny(name) && !marks.hasAny(name);
    });
  }
}
