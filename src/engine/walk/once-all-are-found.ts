import type { Key } from '../../protocol/names.ts';
import type { Suspects } from './hash-join.ts';
import { Spool } from './spool.ts';

export interface OnceAllOptions {
  readonly spillDirectory: string;
  /** Suspects that are told at once. */
  readonly atOnce: number;
}

/**
 * Suspects, told only once all of them are found: the search may fail half way and begin anew, and whoever had been told before would be told
 * twice. The last ones are held in memory, those before them on disk.
 */
export async function* onceAllAreFound(
  found: AsyncIterable<Suspects>,
  { spillDirectory, atOnce }: OnceAllOptions,
): AsyncIterable<Suspects> {
  await using spills = new AsyncDisposableStack();
  let spool: Spool | null = null;
  let last: Suspects | null = null;
  for await (const some of found) {
    if (last !== null) {
      spool ??= spills.use(await Spool.create(spillDirectory));
      await spool.add(toTexts(last));
    }
    last = some;
  }
  if (spool !== null) for await (const page of spool.pages(atOnce)) yield fromTexts(page);
  if (last !== null) yield last;
}

const kinds = ['missing', 'extra', 'different'] as const;

/** A kind's first letter stands before each key. */
const toTexts = (suspects: Suspects): readonly string[] =>
  kinds.flatMap((kind) => suspects[kind].map((key) => `${kind.charAt(0)}${key}`));

function fromTexts(texts: readonly string[]): Suspects {
  const of = (kind: (typeof kinds)[number]): readonly Key[] =>
    texts.filter((text) => text.startsWith(kind.charAt(0))).map((text) => text.slice(1));
  return { missing: of('missing'), extra: of('extra'), different: of('different') };
}
