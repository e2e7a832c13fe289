import type { Change } from '../../../../protocol/change.ts';
import { HintTrust } from '../../../../protocol/hint-trust.ts';
import type { WindowPart } from './window-part.ts';

/** Which hints of a feed are followed: that a row is new, that one is there and differs. */
export interface Believed {
  readonly isNew: boolean;
  readonly isThere: boolean;
}

export const nothingBelieved: Believed = { isNew: false, isThere: false };

export const isAlike = (a: Believed, b: Believed): boolean => a.isNew === b.isNew && a.isThere === b.isThere;

type Upsert = Change & { readonly kind: 'upsert' };
export type Hint = (change: Change) => change is Upsert;

export const isNew: Hint = (change): change is Upsert => change.kind === 'upsert' && change.isNew === true;
export const isThere: Hint = (change): change is Upsert =>
  change.kind === 'upsert' && change.isThere === true;

/** Each kind of hint is trusted by itself: updates that change nothing at the target say nothing about inserts. */
export class Hints {
  readonly #new = new HintTrust();
  readonly #there = new HintTrust();

  /** What is believed of these. */
  of(parts: readonly Pick<WindowPart, 'changes'>[]): Believed {
    const has = (hint: Hint): boolean => parts.some(({ changes }) => changes.some(hint));
    return { isNew: this.#new.isGiven && has(isNew), isThere: this.#there.isGiven && has(isThere) };
  }

  /** A window was written. */
  passed(): void {
    this.#new.passed();
    this.#there.passed();
  }

  /** With what a window was refused in which this was believed. True: it may go through without. */
  misled({ isNew, isThere }: Believed, code: string): boolean {
    if (isNew && code === 'unique-conflict') this.#new.misled();
    else if (isThere && code === 'row-missing') this.#there.misled();
    // Updated before the others, a row may meet a value that one of them gives up: no hint was wrong.
    else return isThere && code === 'unique-conflict';
    return true;
  }
}
