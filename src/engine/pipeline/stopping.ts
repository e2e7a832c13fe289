import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import type { Condition } from './condition.ts';
import type { LiveMemory } from './memory.ts';

export interface StopParts {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly condition: Condition;
}

/** What a collection that has stopped is called among the pipeline's troubles. */
export const collectionTrouble = (name: string): string => `collection ${name}`;

/**
 * A collection that can't go on for a reason of its own: its changes are dropped from now on, and it is walked before it goes on. Durable on
 * return, and so before any position that covers a dropped change.
 */
export async function stopCollection(
  { context, memory, condition }: StopParts,
  collection: StreamCollection,
  error: Pick<LockstepError, 'code' | 'message' | 'cure'>,
): Promise<void> {
  const { pipeline, events, clock } = context;
  const { name } = collection;
  const { code, message } = error;
  const nextStep = `${error.cure} Then: lockstep resync ${pipeline} ${name}`;
  await memory.setStopped(name, { code, message, nextStep, sinceMs: clock.now() });
  collection.stopped = message;
  condition.troubled(collectionTrouble(name), { reason: `${name} has stopped: ${message}`, nextStep });
  events.emit('collection.status', {
    pipeline,
    collection: name,
    status: 'stopped',
    reason: message,
    nextStep,
  });
  events.emit('failed', { pipeline, collection: name, code: error.code, class: 'collection', message });
}
