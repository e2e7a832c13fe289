import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StartedPipeline } from '../live-results.ts';
import type { Alerting, End } from './alerting.ts';

/** Work on one pipeline, with a last look at how it went: when nobody runs it any more, nobody else would tell. */
export async function toldAtTheEnd<Result>(
  alerting: Alerting,
  { pipeline, signal }: { readonly pipeline: string; readonly signal: AbortSignal },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work();
    await alerting.finish(new Map([[pipeline, { failure: null }]]), signal);
    return result;
  } catch (thrown) {
    const end = endOf(toLockstepError(thrown));
    if (end !== null) await alerting.finish(new Map([[pipeline, end]]), signal);
    throw thrown;
  }
}

/** Those that failed for good; what was drained has ended as somebody wanted. */
export const endsOf = (ended: readonly StartedPipeline[]): ReadonlyMap<string, End> =>
  new Map(
    ended.flatMap(({ pipeline, failure }) =>
      failure === null ? [] : [[pipeline, { failure: `${failure.code}: ${failure.message}` }] as const],
    ),
  );

/** Null: somebody stopped it, or somebody else has it. */
function endOf({ code, message }: LockstepError): End | null {
  const isElsewhere = code === 'interrupted' || code === 'lease-held' || code === 'fence-lost';
  return isElsewhere ? null : { failure: `${code}: ${message}` };
}
