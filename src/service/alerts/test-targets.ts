import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { ResolvedAlerts } from '../config/resolved-config.ts';
import type { TestedTarget } from '../results.ts';
import type { Delivery } from './deliver/delivery.ts';
import { sendTo } from './deliver/send.ts';
import { testMessage } from './message-text.ts';

/** Sends a marked message to each target, side by side; one attempt each. Nothing is kept. */
export async function testTargets(
  { targets, timeoutMs }: ResolvedAlerts,
  { chosen, signal }: { readonly chosen: readonly string[] | null; readonly signal: AbortSignal },
): Promise<readonly TestedTarget[]> {
  if (targets.size === 0) throw new LockstepError('alert-targets-missing', {});
  const names = chosen ?? [...targets.keys()];
  const asked = names.map((name) => {
    const target = targets.get(name);
    if (target === undefined) throw unknownTarget(name, [...targets.keys()]);
    return { name, target };
  });
  return await Promise.all(
    asked.map(async ({ name, target }): Promise<TestedTarget> => {
      const message = testMessage(name, Date.now());
      const delivery = await sendTo(target, { message, signal }, timeoutMs);
      const detail = detailOf(delivery);
      return { target: name, kind: target.kind, delivered: delivery.kind === 'delivered', detail };
    }),
  );
}

const detailOf = (delivery: Delivery): string => (delivery.kind === 'delivered' ? '' : delivery.detail);

const unknownTarget = (name: string, known: readonly string[]): LockstepError =>
  new LockstepError('alert-target-unknown', {
    name,
    nearest: nearestHint(name, known),
    known: known.join(', '),
  });
