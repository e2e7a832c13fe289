import { toError } from '../../../protocol/errors/lockstep-error.ts';
import type { AlertTarget } from '../target.ts';
import type { Attempt, Delivery } from './delivery.ts';
import { sendEmail } from './email.ts';
import { sendSlack } from './slack.ts';
import { sendWebhook } from './webhook.ts';

/** One attempt, within the time that it may take. Never throws: whatever is wrong with a target is its own affair. */
export async function sendTo(
  target: AlertTarget,
  { signal, ...what }: Attempt,
  timeoutMs: number,
): Promise<Delivery> {
  const attempt = { ...what, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) };
  try {
    return await byKind(target, attempt);
  } catch (thrown) {
    return { kind: 'failed', detail: toError(thrown).message, retryAfterMs: null };
  }
}

function byKind(target: AlertTarget, attempt: Attempt): Promise<Delivery> {
  switch (target.kind) {
    case 'email':
      return sendEmail(target, attempt);
    case 'slack':
      return sendSlack(target, attempt);
    case 'webhook':
      return sendWebhook(target, attempt);
  }
}
