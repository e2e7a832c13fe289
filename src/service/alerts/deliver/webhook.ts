import { createHmac } from 'node:crypto';
import type { WebhookTarget } from '../target.ts';
import type { Attempt, Delivery } from './delivery.ts';
import { postJson } from './post-json.ts';

/** The message as JSON. With a secret `x-lockstep-signature: sha256=HEX` is the HMAC-SHA256 of the body’s bytes. */
export function sendWebhook({ url, secret }: WebhookTarget, { message, signal }: Attempt): Promise<Delivery> {
  const body = JSON.stringify(message);
  const headers = { 'x-lockstep-delivery': message.id };
  if (secret === null) return postJson(url, { body, headers, signal });
  const signature = createHmac('sha256', secret.reveal()).update(body).digest('hex');
  return postJson(url, {
    body,
    headers: { ...headers, 'x-lockstep-signature': `sha256=${signature}` },
    signal,
  });
}
