import { setTimeout as delay } from 'node:timers/promises';
import {
  type Database,
  type Finding,
  finding,
  type PreparedStep,
  type QueryOptions,
  toLockstepError,
} from '../../../index.ts';
import type { Log } from '../../program/log.ts';
import { createIndex, dropIndex, findIndex, isWorkedOn, markIndex } from './status-index.sql.ts';

const name = 'idx_users_status_updated';
const lookEveryMs = 500;

interface FoundIndex {
  readonly isValid: boolean;
  /** `setup` made it. */
  readonly isOurs: boolean;
}

async function find(source: Database, options: QueryOptions): Promise<FoundIndex | null> {
  const [found] = await source.query<FoundIndex>(findIndex, undefined, options);
  return found ?? null;
}

/** Makes the index of the marketplace's users if it is missing, and anew if it was left half-made. One that is there takes no lock. */
export async function prepareIndex(
  source: Database,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  const options = { signal };
  const found = await settled(source, { log, signal });
  if (found?.isValid === true) return;
  if (found !== null) {
    await source.execute(dropIndex, options);
    log('WARNING', `${name} was left half-made by whoever began it, and is made anew`);
  }
  await source.execute(createIndex, options);
  // Also when somebody stops us just now: without it the index would be taken for somebody else's.
  await source.execute(markIndex, { signal: AbortSignal.timeout(5_000) });
}

/** The index, once nobody makes it. */
async function settled(
  source: Database,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<FoundIndex | null> {
  for (let looks = 0; ; looks += 1) {
    // Asked first: who ends in between has made it.
    const [{ busy } = { busy: false }] = await source.query<{ busy: boolean }>(isWorkedOn, undefined, {
      signal,
    });
    const found = await find(source, { signal });
    if (found?.isValid === true || !busy) return found;
    if (looks === 0) log('INFO', `${name} is not there; whoever works on the table just now is waited for`);
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** An index that no query uses and that the next `setup` makes anew. */
export async function checkIndex(source: Database, options: QueryOptions): Promise<readonly Finding[]> {
  const found = await find(source, options);
  if (found?.isValid !== false) return [];
  const repair = `lockstep user-table setup makes it anew. By hand: ${dropIndex}; ${createIndex};`;
  const details = { index: name, table: 'public.users', repair };
  return [finding({ level: 'warning', subject: 'source' }, 'postgres-index-broken', details)];
}

export interface RemovedIndex {
  readonly removed: readonly PreparedStep[];
  readonly left: readonly string[];
}

/** Drops the index if `setup` made it; one that somebody else made stays. Throws only when it is interrupted. */
export async function removeIndex(source: Database, options: QueryOptions): Promise<RemovedIndex> {
  try {
    const found = await find(source, options);
    if (found?.isOurs === true) {
      await source.execute(dropIndex, options);
      return {
        removed: [{ what: `dropped the index ${name} on public.users`, statement: dropIndex }],
        left: [],
      };
    }
    const isUnknown = found?.isValid === false;
    return {
      removed: [],
      left: isUnknown ? [`${name} is half-made, and nobody knows by whom: ${dropIndex};`] : [],
    };
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.code === 'interrupted') throw error;
    return { removed: [], left: [`${name}: ${error.message} ${error.cure} Then: ${dropIndex};`] };
  }
}
