import { z } from 'zod';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { RequestResult } from '../live-results.ts';
import type { VerifyResult } from '../results.ts';
import { engineRuns, requireLive } from './engine-owner.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { ask, type RequestOptions } from './requests.ts';
import { verify } from './verify.ts';

/** Asks the engine of a live pipeline to compare both sides and mend what differs, beside its stream. */
export function askRepair(parts: PipelineParts, options: RequestOptions): Promise<RequestResult> {
  requireLive(parts.pipeline, 'verify --repair --no-wait');
  return ask(parts, { kind: 'compare', detail: { collections: null, repair: true } }, options);
}

/**
 * As `verify`; while an engine runs the pipeline nobody else may write: then it is asked to mend what differs, and what is reported is what a
 * comparison finds afterwards.
 */
export async function verifyBesideEngine(
  parts: PipelineParts,
  options: Omit<RequestOptions, 'wait'> & { readonly repair: boolean },
): Promise<VerifyResult> {
  const store = await parts.context.store();
  if (!options.repair || !(await engineRuns(store, parts.pipeline))) return verify(parts, options);
  const asked = await askRepair(parts, { ...options, wait: true });
  if (asked.state !== 'done') throw notDone(asked);
  const compared = await verify(parts, { signal: options.signal, repair: false });
  const repaired = repairedSchema.safeParse(asked.result);
  return { ...compared, repaired: repaired.success ? repaired.data.repaired : null };
}

/** An engine that counts what it mended says so. */
const repairedSchema = z.object({
  repaired: z.object({ inserted: z.number(), updated: z.number(), left: z.number() }),
});

const notDone = ({ id, kind }: RequestResult): LockstepError =>
  new LockstepError('request-failed', {
    id,
    kind,
    code: 'internal',
    detail: 'its engine has ended; it happens at the next start',
  });
