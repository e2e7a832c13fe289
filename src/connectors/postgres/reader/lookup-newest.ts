import { setTimeout as delay } from 'node:timers/promises';
import { toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Row } from '../../../protocol/value.ts';
import { interrupted } from '../errors.ts';
import type { SessionPool } from '../session/pool.ts';
import { unfinished } from './finished.ts';
import { keysPerStatement, type LookupRequest, lookupRows } from './lookup.ts';
import { newest, newestWithSnapshot } from './moment.ts';
import type { OutputCache } from './output-cache.ts';
import type { ReadContext } from './postgres-snapshot.ts';

export interface NewestRequest extends Omit<LookupRequest, 'output' | 'surroundings'> {
  /** Transactions that the answer must show. */
  readonly shows?: readonly string[];
  readonly outputs: OutputCache;
  readonly pool: SessionPool;
}

type Found = ReadonlyMap<Key, Row | null>;

/** Rows by key in their newest state: one round trip per thousand keys once the selection is known. */
export async function lookupNewest(context: ReadContext, request: NewestRequest): Promise<Found> {
  const { outputs, selection } = request;
  const wasKnown = outputs.has(context, selection);
  try {
    return await lookupKnown(context, request);
  } catch (thrown) {
    const { class: kind } = toLockstepError(thrown);
    if (!wasKnown || (kind !== 'collection' && kind !== 'change') || context.session.broken) throw thrown;
  }
  // Its columns may have changed since they were described.
  outputs.forget(context, selection);
  return await lookupKnown(context, request);
}

async function lookupKnown(context: ReadContext, request: NewestRequest): Promise<Found> {
  const output = await request.outputs.get(context, request.selection);
  const shows = request.shows ?? [];
  if (shows.length === 0)
    return lookupRows(context, { ...request, output, surroundings: { before: newest } });
  return lookupShowing(context, { ...request, output, shows });
}

/** A feed may tell of a commit before other sessions see it (waiting for a standby, for one): then the answer is thrown away and asked again. */
async function lookupShowing(
  context: ReadContext,
  request: NewestRequest & Pick<LookupRequest, 'output'> & { readonly shows: readonly string[] },
): Promise<Found> {
  const { keys, shows, pool } = request;
  const found = new Map<Key, Row | null>();
  for (let from = 0; from < keys.length; ) {
    let snapshot = '';
    const surroundings = {
      before: newestWithSnapshot,
      onRow: ([text]: readonly (string | null)[]) => {
        snapshot = text ?? '';
      },
    };
    const part = keys.slice(from, from + keysPerStatement);
    const rows = await lookupRows(context, { ...request, keys: part, surroundings });
    if (unfinished(snapshot, shows).length > 0) {
      await untilShown(context, { shows, pool });
      continue;
    }
    for (const [key, row] of rows) found.set(key, row);
    from += part.length;
  }
  return found;
}

const longestPauseMs = 100;
const noticeAfterMs = 5000;
const currentSnapshot = 'SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS snapshot';

async function untilShown(
  { session, signal, collection }: ReadContext,
  { shows, pool }: { readonly shows: readonly string[]; readonly pool: SessionPool },
): Promise<void> {
  const startedAt = performance.now();
  let told = false;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await pause(pauseMs, signal);
    const { rows } = await session.query<{ snapshot: string }>(currentSnapshot, undefined, { signal });
    const waiting = unfinished(rows[0]?.snapshot ?? '', shows);
    if (waiting.length === 0) return;
    if (told || performance.now() - startedAt < noticeAfterMs) continue;
    told = true;
    const message = `${collection}: committed in the log and not yet visible: transactions ${waiting.join(', ')}`;
    pool.notice({ kind: 'waiting', message });
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (thrown) {
    throw signal.aborted ? interrupted(signal) : thrown;
  }
}
