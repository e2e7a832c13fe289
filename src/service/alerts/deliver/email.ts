import { createHash } from 'node:crypto';
import type { Transporter } from 'nodemailer';
import { z } from 'zod';
import { toError } from '../../../protocol/errors/lockstep-error.ts';
import { headlineOf, linesOf } from '../message-text.ts';
import type { EmailTarget } from '../target.ts';
import { type Attempt, type Delivery, delivered } from './delivery.ts';
import { certificateTrouble } from './tls-trouble.ts';

const timeoutMs = 30_000;
/** Of addresses that were refused. */
const mostNamed = 5;

/** One connection per message: alerts are rare, and a connection that is kept would be dead when it is needed. */
export async function sendEmail(target: EmailTarget, attempt: Attempt): Promise<Delivery> {
  const transport = await openTransport(target);
  const givenUp = whenAborted(attempt.signal);
  try {
    const answer = await Promise.race([send(transport, target, attempt), givenUp.promise]);
    return refusalOf(answer) ?? delivered;
  } catch (thrown) {
    return failureOf(thrown, attempt.signal);
  } finally {
    givenUp.end();
    transport.close();
  }
}

async function openTransport({ host, port, tls, ca, login }: EmailTarget): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(ca === null ? {} : { tls: { ca } }),
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password.reveal() } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

async function send(
  transport: Transporter,
  { from, to }: EmailTarget,
  { message, left }: Attempt,
): Promise<unknown> {
  return await transport.sendMail({
    from,
    to: [...to],
    ...(left === undefined ? {} : { envelope: { from, to: [...left] } }),
    subject: `[lockstep] ${headlineOf(message)}`,
    text: `${linesOf(message).join('\n')}\n`,
    // The same for every attempt, so that a mail server that got it twice can tell.
    messageId: `<${createHash('sha256').update(message.id).digest('hex').slice(0, 40)}@lockstep>`,
    headers: { 'x-lockstep-delivery': message.id, 'auto-submitted': 'auto-generated' },
  });
}

/** A library without signals is raced; closing its transport ends what is under way. */
function whenAborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly end: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const abort = (): void => reject(toError(signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return { promise, end: () => signal.removeEventListener('abort', abort) };
}

const answerSchema = z.object({
  accepted: z.array(z.unknown()).default([]),
  rejectedErrors: z.array(z.object({ recipient: z.string(), responseCode: z.int().optional() })).default([]),
});

/** What it did not take, though it may have taken it for other addresses; null: nothing. Only 5xx is for good. */
function refusalOf(answer: unknown): Delivery | null {
  const told = answerSchema.safeParse(answer);
  if (!told.success || told.data.rejectedErrors.length === 0) return null;
  const { accepted, rejectedErrors: rejected } = told.data;
  const named = rejected
    .slice(0, mostNamed)
    .map(({ recipient, responseCode }) => `${recipient} (${responseCode ?? 'no code'})`);
  const more = rejected.length > mostNamed ? ` and ${rejected.length - mostNamed} more` : '';
  const all = rejected.length + accepted.length;
  const which = all === 1 ? 'the address' : `${rejected.length} of ${all} addresses`;
  const detail = `it did not take ${which}: ${named.join(', ')}${more}`;
  if (rejected.every(({ responseCode }) => responseCode !== undefined && responseCode >= 500))
    return { kind: 'refused', detail };
  const failed = { kind: 'failed', detail, retryAfterMs: null } as const;
  return accepted.length === 0 ? failed : { ...failed, left: rejected.map(({ recipient }) => recipient) };
}

/** 5xx to what was written is for good; a login that is refused may be mended, and what can’t be reached may come back. */
function failureOf(thrown: unknown, signal: AbortSignal): Delivery {
  const error = toError(thrown);
  if (signal.aborted) return { kind: 'failed', detail: 'it did not answer in time', retryAfterMs: null };
  const refusal = refusalOf(thrown);
  if (refusal !== null) return refusal;
  const code = 'code' in error ? String(error.code) : error.name;
  const trouble = certificateTrouble('originalCode' in error ? String(error.originalCode) : code);
  if (trouble !== null)
    return {
      kind: 'failed',
      detail: `${trouble}: \`ca\` of the target says whom to trust`,
      retryAfterMs: null,
    };
  const answer = 'responseCode' in error ? Number(error.responseCode) : null;
  const detail = answer === null ? `it can’t be reached (${code})` : `it answered ${answer} (${code})`;
  if ((code === 'EENVELOPE' || code === 'EMESSAGE') && answer !== null && answer >= 500)
    return { kind: 'refused', detail };
  return { kind: 'failed', detail, retryAfterMs: null };
}
