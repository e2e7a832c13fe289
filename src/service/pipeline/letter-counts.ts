import type { ControlStore } from '../../protocol/control-store.ts';
import type { LetterCount } from '../results.ts';

const lettersPerPage = 1000;

/**
 * Letters per collection. Where the names of the collections are known, each is counted by its index; the letters themselves are read only
 * when that does not account for all of them (`status --watch` asks every second, and there may be a hundred thousand).
 */
export async function countLetters(
  store: ControlStore,
  pipeline: string,
  known: readonly string[],
): Promise<readonly LetterCount[]> {
  const total = await store.deadLetters.count(pipeline, undefined, 'any');
  if (total === 0) return [];
  const counts = await countOf(store, pipeline, known);
  if (sumOf(counts) >= total) return counts;
  return countOf(store, pipeline, await collectionsWithLetters(store, pipeline));
}

async function countOf(
  store: ControlStore,
  pipeline: string,
  collections: readonly string[],
): Promise<readonly LetterCount[]> {
  const counts: LetterCount[] = [];
  for (const collection of collections) {
    const count = await store.deadLetters.count(pipeline, collection);
    const deferred = await store.deadLetters.count(pipeline, collection, 'deferred');
    if (count + deferred > 0) counts.push({ collection, count, deferred });
  }
  return counts;
}

const sumOf = (counts: readonly LetterCount[]): number =>
  counts.reduce((sum, { count, deferred }) => sum + count + deferred, 0);

export async function collectionsWithLetters(
  store: ControlStore,
  pipeline: string,
): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let afterId = 0; ; ) {
    const page = await store.deadLetters.list(pipeline, { afterId, limit: lettersPerPage });
    const last = page.at(-1);
    if (last === undefined) return [...names];
    for (const { collection } of page) names.add(collection);
    afterId = last.id;
  }
}
