import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { Key } from '../../protocol/names.ts';
import type { WalkContext } from '../walk/context.ts';

export interface Letter {
  readonly key: Key;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Parks keys whose newest state can't be applied. Durable on return; above the limit the collection stops. */
export async function parkLetters(
  context: WalkContext,
  collection: string,
  letters: readonly Letter[],
): Promise<void> {
  if (letters.length === 0) return;
  const { store, pipeline, fence, settings, events, clock } = context;
  const failedAtMs = clock.now();
  reach('dead-letter.put.before');
  const { full } = await store.deadLetters.put(
    { pipeline, fence },
    letters.map((letter) => ({ collection, ...letter, failedAtMs })),
    settings.deadLetterLimit,
  );
  reach('dead-letter.put.after');
  if (full) throw new LockstepError('dead-letters-full', { collection, limit: settings.deadLetterLimit });
  for (const { key, code, message } of letters)
    events.emit('dead-letter.put', { pipeline, collection, key, code, message });
}

export async function resolveLetters(
  context: WalkContext,
  collection: string,
  keys: readonly Key[],
): Promise<void> {
  if (keys.length === 0) return;
  const { store, pipeline, fence, events } = context;
  reach('dead-letter.resolve.before');
  const count = await store.deadLetters.resolve({ pipeline, fence }, collection, keys);
  reach('dead-letter.resolve.after');
  if (count > 0) events.emit('dead-letter.resolved', { pipeline, collection, count, keys });
}
