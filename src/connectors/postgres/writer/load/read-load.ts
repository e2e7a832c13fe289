import { LockstepError, toError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { LoadReading } from '../../../../protocol/writer.ts';
import type { ThrottleConfig } from '../../config.ts';
import { quoteIdentifier } from '../../names.ts';
import type { Session, StatementOptions } from '../../session/session.ts';
import { activeSessionsQuery, replicaLagQuery } from './load.sql.ts';

/** The user's own query must not become a load itself. */
const queryTimeoutMs = 5_000;

export interface LoadOptions extends StatementOptions {
  /** What our own sessions are called. */
  readonly applicationName: string;
  /** Where names without a schema are looked for. */
  readonly schema: string;
}

/** Each measure that the configuration names, as it is now. */
export async function readLoad(
  session: Session,
  throttle: ThrottleConfig,
  options: LoadOptions,
): Promise<readonly LoadReading[]> {
  return [
    ...(await readReplicas(session, throttle, options)),
    ...(await readSessions(session, throttle, options)),
    ...(await readQuery(session, throttle, options)),
  ];
}

async function readReplicas(
  session: Session,
  { replicaLagMs, replicaLagBytes }: ThrottleConfig,
  options: StatementOptions,
): Promise<readonly LoadReading[]> {
  if (replicaLagMs === undefined && replicaLagBytes === undefined) return [];
  const { rows } = await session.query<{ milliseconds: number; bytes: number }>(replicaLagQuery, [], options);
  const { milliseconds = 0, bytes = 0 } = rows[0] ?? {};
  const what = 'a replica is behind by';
  return [
    ...above({ what, value: milliseconds, limit: replicaLagMs, shown: seconds }),
    ...above({ what, value: bytes, limit: replicaLagBytes, shown: (size) => `${size} bytes` }),
  ];
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

async function readSessions(
  session: Session,
  { activeSessions }: ThrottleConfig,
  { applicationName, ...options }: LoadOptions,
): Promise<readonly LoadReading[]> {
  if (activeSessions === undefined) return [];
  const { rows } = await session.query<{ sessions: number }>(activeSessionsQuery, [applicationName], options);
  const value = rows[0]?.sessions ?? 0;
  return above({ what: 'sessions that are active:', value, limit: activeSessions, shown: String });
}

interface Measure {
  readonly what: string;
  readonly value: number;
  /** Undefined: nobody asked for it. */
  readonly limit: number | undefined;
  readonly shown: (value: number) => string;
}

const above = ({ what, value, limit, shown }: Measure): readonly LoadReading[] =>
  limit === undefined
    ? []
    : [{ text: `${what} ${shown(value)} (limit ${shown(limit)})`, isBusy: value > limit }];

/** Reads only, whatever it says. */
async function readQuery(
  session: Session,
  { query }: ThrottleConfig,
  { schema, ...options }: LoadOptions,
): Promise<readonly LoadReading[]> {
  if (query === undefined) return [];
  const rows = await session.transaction(
    async () => {
      const settings = `SET LOCAL statement_timeout = ${queryTimeoutMs}; SET LOCAL search_path = pg_catalog, ${quoteIdentifier(schema)}`;
      await session.execute(settings, options);
      return (await session.query<{ [column: string]: unknown }>(query, [], options)).rows;
    },
    { ...options, begin: 'BEGIN READ ONLY' },
  );
  const [value] = Object.values(rows[0] ?? {});
  if (value !== undefined && value !== null && typeof value !== 'boolean')
    throw new LockstepError('throttle-query-invalid', {
      detail: `it answers ${JSON.stringify(value)}`,
    });
  return [{ text: 'throttle.query says so', isBusy: value === true }];
}

/** The user's own query is the user's own fault, whatever the server calls it. */
export function asQueryFault(thrown: unknown): LockstepError {
  const error = toLockstepError(thrown);
  // Only reading is our condition, so nobody else can be to blame for it.
  const isWriting = error.code === 'read-only';
  const isOurs = error.code === 'throttle-query-invalid' || error.code === 'interrupted';
  const passes = error.class === 'transient' && !isWriting;
  if (passes || isOurs || error.code === 'permission-denied') return error;
  // As the server says it: our words for the same are made for tables that are copied.
  const detail = toError(error.cause ?? error).message;
  return new LockstepError('throttle-query-invalid', { detail }, { cause: error });
}
