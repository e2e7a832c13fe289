import { setTimeout as delay } from 'node:timers/promises';
import { type Lockstep, type MongodbDatabase, toLockstepError } from '../../../index.ts';
import type { Log } from '../../program/log.ts';
import { pipeline } from '../configuration.ts';
import type { Placement } from '../mapping/ids.ts';
import { adoptFormer } from './adopt.ts';
import { restoreMarks } from './restore-marks.ts';
import type { Source } from './source.ts';
import type { Strangers } from './strangers.ts';

export interface TendRequest {
  readonly engine: Lockstep;
  readonly placement: Placement;
  readonly strangers: Strangers;
  readonly featbit: MongodbDatabase;
  readonly source: Source;
  readonly log: Log;
}

const everyMs = 5_000;
/** FeatBit may have millions of end users of its own to look through: what a look takes is left free so many times between two. */
const restsFor = 9;

/**
 * What FeatBit does meanwhile that no change of Bitsacco tells: it takes our mark from users and end users that it writes, and somebody makes users by hand.
 * And what the engine leaves as it is of a user of the earlier program whom Bitsacco has now.
 * Where a pass can mend what came of it, one is asked for.
 */
export async function tend(request: TendRequest, signal: AbortSignal): Promise<void> {
  const { log } = request;
  for (let lookedForMs = 0; ; ) {
    await delay(Math.max(everyMs, lookedForMs * restsFor), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const begunAtMs = performance.now();
    try {
      await lookOnce(request, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      const { code, message } = toLockstepError(thrown);
      log('WARNING', 'FeatBit could not be looked at; it is tried again', { code, reason: message });
    }
    lookedForMs = performance.now() - begunAtMs;
  }
}

async function lookOnce(
  { engine, strangers, featbit, source, placement, log }: TendRequest,
  signal: AbortSignal,
): Promise<void> {
  // This needs nothing of Bitsacco, which may be away.
  const { restored, gone } = await restoreMarks(featbit, placement, { signal });
  if (restored > 0) log('INFO', 'FeatBit had written users of ours anew', { restored, gone });
  if (placement.hasMembers) {
    const adopted = await adoptFormer(featbit, source, { signal });
    if (adopted.corrected > 0 || adopted.passwordsTaken > 0)
      log('INFO', 'Put right what others left', { ...adopted });
  }
  const differs = await strangers.look({ featbit, source, placement }, { signal });
  if (gone > 0 || differs) await engine.askRepair(pipeline, { wait: false, signal });
}
