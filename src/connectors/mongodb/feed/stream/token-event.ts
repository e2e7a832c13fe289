import type { StreamPosition } from '../../position.ts';
import type { Deployment } from '../../session/deployment.ts';
import { EventCursor, serverCodeOf } from './event-cursor.ts';
import { eventNotFound } from './lost-history.ts';
import { tokenStages } from './stages.ts';

interface TokenRequest {
  readonly from: StreamPosition;
  readonly signal: AbortSignal;
}

/** Whether the source's log has the event that the position stands behind, whatever collection it is of. */
export async function hasTokenEvent(
  deployment: Deployment,
  { from, signal }: TokenRequest,
): Promise<boolean> {
  const { wireVersion } = deployment.facts;
  const pipeline = tokenStages({ from, wireVersion });
  try {
    await using cursor = await EventCursor.open(deployment, { pipeline, signal });
    await cursor.more({ waitMs: 1, batchSize: 1 });
    return true;
  } catch (thrown) {
    if (serverCodeOf(thrown) === eventNotFound) return false;
    throw thrown;
  }
}
