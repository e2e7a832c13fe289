import type { DestinationState } from '../../protocol/writer.ts';
import { leaseOf, type WalkContext } from './context.ts';
import { retrying } from './retrying.ts';

/** Takes both sides over from whoever had them: from now on nothing that an older owner has begun goes on, neither writes nor reads. */
export async function attach(context: WalkContext): Promise<DestinationState> {
  const { reader, writer, signal } = context;
  const lease = leaseOf(context);
  const state = await retrying(context, { what: 'attach', signal }, () => writer.attach({ lease, signal }));
  await reader.takeOver?.({ lease, stateId: state.stateId, signal });
  return state;
}
