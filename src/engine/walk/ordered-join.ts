import type { HashPage } from '../../protocol/digest.ts';
import type { Key } from '../../protocol/names.ts';
import type { Suspects } from './hash-join.ts';

export interface OrderedJoinOptions {
  /** Suspects that are told at once, at the most: they are held in memory. */
  readonly suspectsAtOnce: number;
  readonly signal: AbortSignal;
  /** Called once, at the end: the rows of both sides. */
  readonly onEnd: (rows: { readonly source: number; readonly target: number }) => void;
}

/**
 * Joins two sides that come in one order, in one pass over each. Whatever the orders were in truth, no row counts as equal that has not the
 * same key and hash at the other side: a wrong order makes more suspects, which are read again, and hides none. Nor does a key that several
 * rows of the source have: no row of the target stands for two.
 */
export async function* joinInOrder(
  source: AsyncIterable<HashPage>,
  target: AsyncIterable<HashPage>,
  { suspectsAtOnce, signal, onEnd }: OrderedJoinOptions,
): AsyncIterable<Suspects> {
  await using here = new Side(source);
  await using there = new Side(target);
  let found = new SuspectList();
  for (;;) {
    signal.throwIfAborted();
    await Promise.all([here.fill(), there.fill()]);
    if (here.page === null && there.page === null) break;
    mergePages([here, there], found, suspectsAtOnce);
    if (found.count < suspectsAtOnce) continue;
    yield found;
    found = new SuspectList();
  }
  onEnd({ source: here.rows, target: there.rows });
  if (found.count > 0) yield found;
}

class SuspectList implements Suspects {
  readonly missing: Key[] = [];
  readonly extra: Key[] = [];
  readonly different: Key[] = [];

  get count(): number {
    return this.missing.length + this.extra.length + this.different.length;
  }
}

/** Goes on until a side has nothing left in its page, or so much was found. */
function mergePages([source, target]: readonly [Side, Side], found: SuspectList, atOnce: number): void {
  while (found.count < atOnce && !source.isThrough && !target.isThrough) {
    const [here, there] = [source.page, target.page];
    if (here === null && there === null) return;
    const order = here === null ? 1 : there === null ? -1 : inOrder([source, here], [target, there]);
    if (order === null) return;
    if (order < 0) found.missing.push(source.take());
    else if (order > 0) found.extra.push(target.take());
    else {
      found.different.push(source.take());
      target.take();
    }
  }
}

/** How the next keys of both sides lie to each other, once what both have in common is taken; null: a page has come to its end. */
function inOrder(
  [source, here]: readonly [Side, HashPage],
  [target, there]: readonly [Side, HashPage],
): number | null {
  const common = here.takeCommon(there);
  source.rows += common;
  target.rows += common;
  return here.atEnd || there.atEnd ? null : here.compareKeys(there);
}

/** One side: the page at hand, and how many rows were taken. */
class Side implements AsyncDisposable {
  readonly #pages: AsyncIterator<HashPage>;
  #ended = false;
  page: HashPage | null = null;
  rows = 0;

  constructor(pages: AsyncIterable<HashPage>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** Nothing is left in the page at hand, and another may come. */
  get isThrough(): boolean {
    return this.page?.atEnd === true;
  }

  /** Sees to a page with rows, or to null at the end. */
  async fill(): Promise<void> {
    while (!this.#ended && (this.page === null || this.page.atEnd)) {
      const next = await this.#pages.next();
      this.#ended = next.done === true;
      this.page = next.done === true ? null : next.value;
    }
  }

  take(): Key {
    if (this.page === null) throw new Error('a row was taken beyond the end');
    this.rows += 1;
    return this.page.take();
  }

  /** Stopping early ends the work at the server too. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.#pages.return?.();
  }
}
