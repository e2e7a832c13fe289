import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { CollectionName } from '../../protocol/names.ts';
import type { WalkContext } from './context.ts';

/** A collection that its own fault stopped, while others go on. */
export interface StoppedCollection {
  readonly name: CollectionName;
  readonly error: LockstepError;
}

/** Tells that a collection stops, and why. What is not its own fault is thrown on. */
export function stoppedCollection(
  { pipeline, events }: Pick<WalkContext, 'pipeline' | 'events'>,
  name: CollectionName,
  thrown: unknown,
): StoppedCollection {
  const error = toLockstepError(thrown);
  if (!stopsOnlyItsCollection(error)) throw thrown;
  const { code, class: kind, message } = error;
  events.emit('failed', { pipeline, collection: name, code, class: kind, message });
  return { name, error };
}

/** A row's own fault that gets here has no key to be parked under, as in a collection without one: the collection stops. */
const stopsOnlyItsCollection = (error: LockstepError): boolean =>
  error.class === 'collection' || isRefusal(error);
