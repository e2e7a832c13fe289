import type { HashPage } from '../../../protocol/digest.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Element } from '../bson/layout.ts';
import { compareValues } from '../bson/order.ts';

export interface KeyedHash {
  readonly key: Key;
  readonly id: Element;
  readonly hash: bigint;
}

/** Some documents of a range in the order of their ids. */
export class KeyPage implements HashPage {
  readonly #rows: readonly KeyedHash[];
  #next = 0;

  constructor(rows: readonly KeyedHash[]) {
    this.#rows = rows;
  }

  get atEnd(): boolean {
    return this.#next >= this.#rows.length;
  }

  takeCommon(other: HashPage): number {
    let taken = 0;
    for (;;) {
      const [here, there] = [this.#peek(), pageOf(other).#peek()];
      if (here === null || there === null || here.key !== there.key || here.hash !== there.hash) return taken;
      this.#next += 1;
      pageOf(other).#next += 1;
      taken += 1;
    }
  }

  /** Zero only for the same key: what MongoDB's order does not tell apart here, its spelling does. */
  compareKeys(other: HashPage): number {
    const [here, there] = [this.#peek(), pageOf(other).#peek()];
    if (here === null || there === null) throw new RangeError('there is no document left to compare');
    if (here.key === there.key) return 0;
    return compareValues(here.id, there.id) || (here.key < there.key ? -1 : 1);
  }

  take(): Key {
    const row = this.#peek();
    if (row === null) throw new RangeError('there is no document left to take');
    this.#next += 1;
    return row.key;
  }

  #peek(): KeyedHash | null {
    return this.#rows[this.#next] ?? null;
  }
}

function pageOf(page: HashPage): KeyPage {
  if (page instanceof KeyPage) return page;
  throw new TypeError('the other page is of another dialect');
}
