import type { ControlStore } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Key, PipelineName } from '../../protocol/names.ts';
import type { PipelineParts } from './open-pipeline.ts';

/** Which letters are meant: some by number, those of a collection, or (both null) all. */
export interface LetterChoice {
  readonly letters: readonly number[] | null;
  readonly collection: string | null;
}

export async function lettersMustExist(
  { pipeline, context }: PipelineParts,
  { letters }: LetterChoice,
): Promise<void> {
  const store = await context.store();
  const unknown: number[] = [];
  for (const id of letters ?? [])
    if ((await store.deadLetters.get(pipeline.name, id)) === null) unknown.push(id);
  if (unknown.length === 0) return;
  throw new LockstepError('letter-unknown', { pipeline: pipeline.name, id: unknown.join(', ') });
}

export interface ChosenKeys {
  readonly collection: string;
  readonly keys: readonly Key[];
}

const lettersPerPage = 500;

/** Their keys in portions. All and a collection's mean parked ones: a deferred letter is not dead yet, and its row would be lost. */
export async function* keysOf(
  store: ControlStore,
  pipeline: PipelineName,
  { letters, collection }: LetterChoice,
): AsyncIterable<readonly ChosenKeys[]> {
  for (const id of letters ?? []) {
    const letter = await store.deadLetters.get(pipeline, id);
    if (letter !== null) yield [{ collection: letter.collection, keys: [letter.key] }];
  }
  if (letters !== null) return;
  for (let afterId = 0; ; ) {
    const page = await store.deadLetters.list(pipeline, {
      afterId,
      limit: lettersPerPage,
      state: 'parked',
      ...(collection === null ? {} : { collection }),
    });
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.id;
    const byCollection = Map.groupBy(page, (letter) => letter.collection);
    yield [...byCollection].map(([name, found]) => ({ collection: name, keys: found.map(({ key }) => key) }));
  }
}
