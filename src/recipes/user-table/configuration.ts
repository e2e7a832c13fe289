import { join } from 'node:path';
import type { CollectionConfig, LockstepConfig, PipelineConfig } from '../../index.ts';
import { chatUser, hasPasswordExpression, sourceColumns } from './mapping/chat-user.ts';
import { derivedPhones } from './mapping/phones.ts';
import type { Tables } from './mapping/tables.ts';
import { inOurWords } from './our-words.ts';
import type { DatabaseSettings, Settings } from './settings/settings.ts';

export const pipeline = 'users';
export const collection = 'public.users';

/** Users of each kind that `verify` names; all are counted. */
export const mostNamed = 1000;

/** What is wanted of the pipeline besides: `live` follows and compares by the clock; `realtime` only follows; `part`: some users, in key order, once. */
export type Work =
  | { readonly kind: 'live' | 'realtime' }
  | { readonly kind: 'part'; readonly limit: number | null; readonly offset: number };

/** The recipe as a configuration of the engine. */
export function configuration(settings: Settings, tables: Tables, work: Work): LockstepConfig {
  const { controlStore, stateDirectory } = settings;
  return {
    store:
      controlStore === null ? { path: join(stateDirectory, 'lockstep.db') } : { url: controlStore.reveal() },
    alerts: { ...settings.alerts, words: inOurWords },
    pipelines: {
      [pipeline]: {
        source: source(settings.source),
        destination: destination(settings.chat),
        collections: { [collection]: users(settings, tables, work) },
        ...modeOf(settings, work),
        lanes: lanesWithin(settings),
        samples: mostNamed,
        rowsPerPartition: settings.batchSize * 100,
        retry: settings.retry,
        stream: { windowChanges: settings.batchSize, breakerFailures: settings.consecutiveFailures },
      },
    },
  };
}

function modeOf({ intervalMs }: Settings, work: Work): Pick<PipelineConfig, 'mode' | 'schedule' | 'refresh'> {
  if (work.kind === 'part') return { mode: 'full', refresh: { by: 'direct' } };
  if (work.kind === 'realtime') return { mode: 'live' };
  return { mode: 'live', schedule: { every: `${intervalMs / 1000}s`, atStart: true } };
}

/** So that a pool is never exceeded: lanes take up to three connections each at the chat, and seven are for the rest. At work is half of them as a rule. */
const lanesWithin = ({ source: { poolSize }, chat }: Settings): number =>
  Math.max(1, Math.min(4, Math.floor(Math.min(poolSize, chat.poolSize) / 5)));

const side = ({ host, port, database, user, password, ssl }: DatabaseSettings) =>
  ({ connector: 'postgres', host, port, database, user, password, ssl }) as const;

/** The triggers and their channel keep the names that they have had. */
const source = (settings: DatabaseSettings): PipelineConfig['source'] => ({
  ...side(settings),
  capture: {
    kind: 'triggers',
    names: { trigger: 'user_changes_trigger', function: 'notify_user_changes', channel: 'user_changes' },
  },
});

/**
 * Sessions of clients, whosever they are. Of other roles' sessions only those who may read all statistics see the type; everybody sees that a
 * session is a database's and a role's, which those of the server's own upkeep are not.
 */
const sessions = `SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'`;

/** Above 80 % of the server's connections the engine works more slowly. */
const destination = (settings: DatabaseSettings): PipelineConfig['destination'] => ({
  ...side(settings),
  throttle: {
    query: `SELECT (${sessions}) > 0.8 * current_setting('max_connections')::int`,
  },
});

function users(settings: Settings, { source: marketplace, chat }: Tables, work: Work): CollectionConfig {
  const reads = sourceColumns.filter((name) => marketplace.has(name));
  const optional = ['avatar', 'createdAt', 'firstName', 'lastName'].filter((name) => chat.has(name));
  const mapped = ['externalId', 'name', 'phone', 'email', 'role', ...optional];
  return {
    target: 'public.users',
    key: ['id'],
    columns: {
      id: true,
      ...Object.fromEntries(mapped.map((name) => [name, { mapped: true } as const])),
      metaData: marketplace.has('password') ? { expression: hasPasswordExpression } : { mapped: true },
    },
    map: chatUser(chat),
    mapVersion: `1 ${mapped.map((name) => `${name} ${chat.get(name)?.type} ${chat.get(name)?.length}`).join()}`,
    // Who only looks at what is remembered knows no columns.
    ...(reads.length === 0 ? {} : { mapReads: reads }),
    filter: [statusFilter(settings.statuses), ...partFilter(settings.statuses, work)].join(' AND '),
    // Users that the chat application made itself have another externalId, or none.
    scope: { where: '"externalId" = id' },
    alternatives: { phone: ({ id }) => derivedPhones(String(id)) },
    leaving: leaving(settings, work),
  };
}

/** Who belongs in the chat, of the marketplace's users. */
export const statusFilter = (statuses: readonly string[]): string =>
  `status IN (${statuses.map((status) => `'${status}'`).join(', ')})`;

const partFilter = (statuses: readonly string[], work: Work): readonly string[] =>
  work.kind === 'part' && (work.limit !== null || work.offset > 0)
    ? [
        `id IN (SELECT u.id FROM public.users u WHERE u.${statusFilter(statuses)} ORDER BY u.id LIMIT ${work.limit ?? 'ALL'} OFFSET ${work.offset})`,
      ]
    : [];

const moment = `to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Who leaves keeps the row, and with it the messages and the phone: whoever has that next gets derived digits. */
function leaving({ deletes }: Settings, work: Work): NonNullable<CollectionConfig['leaving']> {
  if (work.kind === 'part') return 'keep';
  if (deletes === 'delete') return 'delete';
  return {
    mark: {
      set: {
        metaData: `(coalesce("metaData"::jsonb, '{}') || jsonb_build_object('status', 'inactive', 'deactivatedAt', ${moment}))::json`,
      },
      marked: `"metaData" ->> 'deactivatedAt' IS NOT NULL`,
      // The mapped metaData of whoever comes back has no deactivatedAt.
      clear: {},
    },
  };
}
