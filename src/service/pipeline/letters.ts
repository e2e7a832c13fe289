import type { DeadLetter, LetterState } from '../../protocol/control-store.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Json, Value } from '../../protocol/value.ts';
import type { DeadLetterDetail, DeadLetterPage, DeadLetterSummary } from '../live-results.ts';
import { letterCollection } from './letter-collection.ts';
import type { PipelineParts } from './open-pipeline.ts';

export interface LetterQuery {
  readonly collection?: string | undefined;
  readonly state?: LetterState | undefined;
  readonly afterId?: number | undefined;
  readonly limit: number;
}

/** Keys, codes and counts of attempts; values of rows are shown by `showLetter` alone. */
export async function listLetters(
  { pipeline, context }: PipelineParts,
  { collection: asked, state, afterId = 0, limit }: LetterQuery,
): Promise<DeadLetterPage> {
  const store = await context.store();
  const collection = await letterCollection(store, pipeline.name, asked);
  const found = await store.deadLetters.list(pipeline.name, {
    afterId,
    limit: limit + 1,
    ...(collection === undefined ? {} : { collection }),
    ...(state === undefined ? {} : { state }),
  });
  const letters = found.slice(0, limit).map(toSummary);
  const next = found.length > limit ? (letters.at(-1)?.id ?? null) : null;
  return { pipeline: pipeline.name, letters, next };
}

export async function showLetter(
  { pipeline, context }: PipelineParts,
  { id }: { readonly id: number },
): Promise<DeadLetterDetail> {
  const store = await context.store();
  const letter = await store.deadLetters.get(pipeline.name, id);
  if (letter === null) throw new LockstepError('letter-unknown', { pipeline: pipeline.name, id });
  return { pipeline: pipeline.name, ...toSummary(letter), ...openRow(letter, context.sealer) };
}

type Opened = Pick<DeadLetterDetail, 'row' | 'withheld'>;

function openRow(letter: DeadLetter, sealer: PipelineParts['context']['sealer']): Opened {
  const { sealed } = letter;
  if (sealed === null)
    return {
      row: null,
      withheld:
        'no key was configured (`store.key` or LOCKSTEP_KEYS) when it failed, so its row was not kept',
    };
  try {
    return { row: toJson(sealer.open(sealed, letter)), withheld: null };
  } catch (thrown) {
    const { code, message, cure } = toLockstepError(thrown);
    return { row: null, withheld: `${code}: ${message}. ${cure}` };
  }
}

const toSummary = (letter: DeadLetter): DeadLetterSummary => ({
  id: letter.id,
  collection: letter.collection,
  key: letter.key,
  code: letter.code,
  message: letter.message,
  state: letter.state,
  attempts: letter.attempts,
  firstFailedAtMs: letter.firstFailedAtMs,
  lastFailedAtMs: letter.lastFailedAtMs,
});

/** For people: what JSON has no word for is written as text. */
function toJson(value: Value): Json {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (isList(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toJson(item)]));
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
