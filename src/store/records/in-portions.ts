import type { Key } from '../../protocol/names.ts';

/** So many keys are written in one transaction. */
export const keysPerTransaction = 5_000;

/** Pages of any size, in portions of a transaction's size. */
export async function* inPortions(pages: AsyncIterable<readonly Key[]>): AsyncIterable<readonly Key[]> {
  let portion: Key[] = [];
  for await (const page of pages) {
    for (const key of page) {
      portion.push(key);
      if (portion.length < keysPerTransaction) continue;
      yield portion;
      portion = [];
    }
  }
  if (portion.length > 0) yield portion;
}
