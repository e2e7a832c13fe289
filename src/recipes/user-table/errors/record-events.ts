import type { ErrorCode, EventMap, EventName, Lockstep } from '../../../index.ts';
import { collection, pipeline } from '../configuration.ts';
import type { ErrorType } from './entry.ts';
import type { SyncErrors } from './sync-errors.ts';

interface Retried {
  readonly what: RegExp;
  readonly type: ErrorType;
  /**
   * A lost connection and a failed start are recorded at once, other work only once it has had its attempts. A walk is told of when those of
   * its steps are used up, each time as its first attempt.
   */
  readonly atOnce: boolean;
}

/** Which work of the engine that is tried again stands for which type; the last for whatever else there is. */
const retried: readonly Retried[] = [
  {
    what: /^read changes$|^read the source$/,
    type: 'REALTIME_SYNC_CONNECTION_ERROR',
    atOnce: true,
  },
  { what: /^the pipeline$/, type: 'REALTIME_SYNC_START_FAILED', atOnce: true },
  { what: /^write the destination$/, type: 'POOL_ERROR', atOnce: false },
  { what: /^walk /, type: 'SCHEDULED_SYNC_FAILED', atOnce: true },
  { what: /^/, type: 'COMPLETE_SYNC_FAILED', atOnce: false },
];

/** Another process works on the users: no trouble. */
export const standsBy = (code: ErrorCode): boolean => code === 'lease-held' || code === 'fence-lost';

/** Nor is that somebody stopped it. */
export const isTrouble = (code: ErrorCode): boolean => !standsBy(code) && code !== 'interrupted';

const ofUsers = ['SYNC_USER_FAILED', 'BULK_SYNC_USER_FAILED'] as const;

/** What ended an earlier process: over once another works. */
const ofDefects = ['UNCAUGHT_EXCEPTION', 'UNHANDLED_REJECTION'] as const;

/** What another process may have left open. */
const ofProcesses: readonly ErrorType[] = [
  ...retried.map(({ type }) => type),
  'REALTIME_NOTIFICATION_FAILED',
  'DELETE_USER_FAILED',
  ...ofDefects,
];

/** Keys of users are spelled as a JSON array with the id. */
export function userIdOf(key: string): string {
  const parts: unknown = JSON.parse(key);
  return Array.isArray(parts) ? String(parts[0]) : key;
}

const phoneTaken = (key: string) => ({
  userId: userIdOf(key),
  message: 'Another user has this user’s phone; it was given digits derived from its id',
  data: { code: 'phone-taken' },
});

/** Writes down what the engine tells; of work that is tried again once it failed `attempts` times. Returns what ends it. */
export function recordEvents(
  { events }: Pick<Lockstep, 'events'>,
  errors: SyncErrors,
  attempts: number,
): Disposable {
  // What an earlier process left open is closed by the first success.
  const open = new Set<ErrorType>(ofProcesses);
  const opened = (type: ErrorType, message: string, code: string): void => {
    open.add(type);
    errors.failed(type, { message, data: { code } });
  };
  const closed = (...types: readonly ErrorType[]): void => {
    const over = types.filter((type) => open.delete(type));
    if (over.length > 0) errors.resolved(over);
  };
  let isLive = false;
  const handlers: { readonly [Name in EventName]?: (event: EventMap[Name]) => void } = {
    status: ({ status }) => {
      isLive = status === 'live' || (isLive && (status === 'healing' || status === 'degraded'));
      // So is what one leaves open that works while we stand by.
      if (status === 'standby') for (const type of ofProcesses) open.add(type);
      if (status === 'live') closed('REALTIME_SYNC_START_FAILED', 'COMPLETE_SYNC_FAILED', ...ofDefects);
    },
    retry: ({ what, code, message, attempt }) => {
      const found = retried.find((each) => each.what.test(what));
      if (!isTrouble(code) || found === undefined) return;
      if (found.atOnce || attempt >= attempts) opened(found.type, message, code);
    },
    failed: ({ code, message }) => {
      if (isTrouble(code))
        opened(isLive ? 'COMPLETE_SYNC_FAILED' : 'REALTIME_SYNC_START_FAILED', message, code);
    },
    gap: ({ gap }) => opened('REALTIME_NOTIFICATION_FAILED', gap.reason, 'gap'),
    'guard.raised': ({ leaving, total }) =>
      opened(
        'DELETE_USER_FAILED',
        `${leaving} of ${total} users would leave; they wait for lockstep user-table approve`,
        'guard',
      ),
    'guard.cleared': () => closed('DELETE_USER_FAILED'),
    'dead-letter.put': ({ key, code, message }) =>
      errors.failed(isLive ? 'SYNC_USER_FAILED' : 'BULK_SYNC_USER_FAILED', {
        userId: userIdOf(key),
        message,
        data: { code },
      }),
    'dead-letter.resolved': ({ keys }) => {
      if (keys !== null) errors.resolved(ofUsers, keys.map(userIdOf));
    },
    'alternative.taken': ({ key }) => errors.failed('UPSERT_USER_FAILED', phoneTaken(key)),
    'alternative.released': ({ key }) => errors.resolved(['UPSERT_USER_FAILED'], [userIdOf(key)]),
    'feed.connected': () => closed('REALTIME_SYNC_CONNECTION_ERROR'),
    'window.applied': ({ shard }) => {
      closed('POOL_ERROR');
      // One without is a pass's, which goes on while nobody tells of changes.
      if (shard !== '') closed('REALTIME_SYNC_CONNECTION_ERROR');
    },
    // A walk came to its end, whoever asked for it.
    healed: () => closed('REALTIME_NOTIFICATION_FAILED', 'SCHEDULED_SYNC_FAILED'),
    'comparison.finished': ({ isWhole }) => {
      if (isWhole) closed('SCHEDULED_SYNC_FAILED', 'POOL_ERROR', 'COMPLETE_SYNC_FAILED');
    },
  };
  const ends = (Object.keys(handlers) as EventName[]).map((name) => subscribe(events, name, handlers));
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}

function subscribe<Name extends EventName>(
  events: Lockstep['events'],
  name: Name,
  handlers: { readonly [Each in EventName]?: (event: EventMap[Each]) => void },
): () => void {
  const handler = handlers[name];
  return handler === undefined ? () => {} : events.on(name, handler);
}

/** What an earlier process wrote of users that are right by now is resolved; what it had no time to write is written. */
export async function reconcile(engine: Lockstep, errors: SyncErrors): Promise<void> {
  errors.resolvedAllBut(ofUsers, await usersWithLetters(engine));
  const { keys } = await engine.alternatives(pipeline, collection);
  errors.resolvedAllBut(['UPSERT_USER_FAILED'], keys.map(userIdOf));
  for (const key of keys) errors.reminded('UPSERT_USER_FAILED', phoneTaken(key));
}

async function usersWithLetters(engine: Lockstep): Promise<readonly string[]> {
  const users: string[] = [];
  let afterId: number | null = 0;
  while (afterId !== null) {
    const page: Awaited<ReturnType<Lockstep['letters']>> = await engine.letters(pipeline, {
      afterId,
      limit: 1000,
    });
    users.push(...page.letters.map(({ key }) => userIdOf(key)));
    afterId = page.next;
  }
  return users;
}
