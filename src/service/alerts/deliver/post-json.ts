import { toError } from '../../../protocol/errors/lockstep-error.ts';
import type { SecretText } from '../../../protocol/secret.ts';
import { type Delivery, delivered } from './delivery.ts';
import { certificateTrouble } from './tls-trouble.ts';

/** What a server says about a message that it will not take later either. */
const refusals: readonly number[] = [400, 413, 415, 422];
const longestWaitMs = 3_600_000;

/** One POST. Redirects are not followed: they could carry what is signed to somebody else. Details never hold the URL. */
export async function postJson(
  url: SecretText,
  {
    body,
    headers,
    signal,
  }: {
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<Delivery> {
  try {
    const response = await fetch(url.reveal(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'lockstep', ...headers },
      body,
      redirect: 'manual',
      signal,
    });
    await response.body?.cancel();
    return judge(response);
  } catch (thrown) {
    return { kind: 'failed', detail: reasonOf(thrown), retryAfterMs: null };
  }
}

function judge({ ok, status, headers }: Response): Delivery {
  if (ok) return delivered;
  const detail = `it answered ${status}`;
  if (refusals.includes(status)) return { kind: 'refused', detail };
  return { kind: 'failed', detail, retryAfterMs: waitOf(headers.get('retry-after')) };
}

/** Seconds, or a date (RFC 9110). */
function waitOf(header: string | null): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(waitMs) ? Math.min(longestWaitMs, Math.max(0, waitMs)) : null;
}

/** `fetch failed` says nothing; the code below it does, and unlike messages it never holds an address. */
function reasonOf(thrown: unknown): string {
  const error = toError(thrown);
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  if (error.name === 'AbortError') return 'it was given up';
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
  const trouble = certificateTrouble(code);
  return trouble === null
    ? `it can’t be reached (${code})`
    : `${trouble}: NODE_EXTRA_CA_CERTS says whom to trust`;
}
