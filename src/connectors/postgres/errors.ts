import pg from 'pg';
import { isLockstepError, LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';

/** Where an error happened: fills the places of its message. */
export interface ErrorContext {
  /** `host:port/database`, without secrets. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  readonly connectTimeoutMs?: number;
  /** What was worked on, when the caller knows it better than the server's fields do. */
  readonly collection?: string | undefined;
}

/** What can come of talking to a PostgreSQL server. */
type ServerCode =
  | 'authentication-failed'
  | 'collection-gone'
  | 'connection-lost'
  | 'connection-refused'
  | 'connection-timeout'
  | 'database-unknown'
  | 'disk-full'
  | 'internal'
  | 'lock-timeout'
  | 'permission-denied'
  | 'postgres-replication-pooled'
  | 'read-only'
  | 'reference-missing'
  | 'row-too-large'
  | 'rows-hidden'
  | 'server-busy'
  | 'shape-changed'
  | 'snapshot-lost'
  | 'statement-timeout'
  | 'tls-failed'
  | 'transaction-conflict'
  | 'unique-conflict'
  | 'value-refused';

/** SQLSTATE → code; the exact state counts before its class (the first two characters). */
const byState: Readonly<Record<string, ServerCode>> = {
  '23505': 'unique-conflict',
  '23P01': 'unique-conflict',
  '23503': 'reference-missing',
  // RESTRICT, as servers from 18 on tell it.
  '23001': 'reference-missing',
  '22': 'value-refused',
  '23': 'value-refused',
  '44': 'value-refused',
  P0: 'value-refused',
  '54': 'row-too-large',
  '08': 'connection-lost',
  '28': 'authentication-failed',
  '3D000': 'database-unknown',
  '3F000': 'collection-gone',
  '42P01': 'collection-gone',
  '42703': 'shape-changed',
  '42704': 'shape-changed',
  '42804': 'shape-changed',
  '42883': 'shape-changed',
  '0A000': 'shape-changed',
  '42501': 'permission-denied',
  '25006': 'read-only',
  '25P03': 'connection-lost',
  '25P04': 'connection-lost',
  '40': 'transaction-conflict',
  '40003': 'connection-lost',
  '53100': 'disk-full',
  '53': 'server-busy',
  '55P03': 'lock-timeout',
  '55006': 'lock-timeout',
  '57014': 'statement-timeout',
  '57': 'connection-lost',
  '58030': 'disk-full',
  '72000': 'snapshot-lost',
};

/** Errors of sockets and name look-up by their `code`. */
const bySocket: Readonly<Record<string, ServerCode>> = {
  ECONNREFUSED: 'connection-refused',
  ENOTFOUND: 'connection-refused',
  EAI_AGAIN: 'connection-refused',
  EHOSTUNREACH: 'connection-refused',
  EHOSTDOWN: 'connection-refused',
  ENETUNREACH: 'connection-refused',
  EADDRNOTAVAIL: 'connection-refused',
  ENOENT: 'connection-refused',
  EACCES: 'connection-refused',
  ETIMEDOUT: 'connection-timeout',
  ECONNRESET: 'connection-lost',
  EPIPE: 'connection-lost',
  ECONNABORTED: 'connection-lost',
  ERR_STREAM_DESTROYED: 'connection-lost',
  ERR_STREAM_WRITE_AFTER_END: 'connection-lost',
  ERR_STREAM_PREMATURE_CLOSE: 'connection-lost',
  EPROTO: 'tls-failed',
};

/** Messages of the driver, which gives them no code. */
const byMessage: readonly (readonly [RegExp, ServerCode])[] = [
  [/^Connection terminated/, 'connection-lost'],
  [/^Client (was closed|has encountered)/, 'connection-lost'],
  [/^timeout expired/, 'connection-timeout'],
  [/SSL connection|server does not support SSL|certificate|altnames/i, 'tls-failed'],
  [/SASL|password must be a string/i, 'authentication-failed'],
];

/** Anything thrown while we talked to PostgreSQL, as an error of the catalogue. Ours pass unchanged. */
export function toPostgresError(thrown: unknown, context: ErrorContext): LockstepError {
  if (thrown instanceof LockstepError) return thrown;
  const error = toError(thrown);
  if (error instanceof AggregateError && error.errors.length > 0)
    return toPostgresError(error.errors[0], context);
  if (error instanceof pg.DatabaseError) return fromServer(error, context);
  return make(driverCode(error) ?? 'internal', {
    context,
    detail: error.message,
    cause: error,
  });
}

function driverCode(error: Error): ServerCode | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/.test(code))
    return 'tls-failed';
  return bySocket[code] ?? byMessage.find(([pattern]) => pattern.test(error.message))?.[1];
}

function fromServer(error: pg.DatabaseError, context: ErrorContext): LockstepError {
  const state = error.code ?? '';
  const code = special(state, error.message) ?? byState[state] ?? byState[state.slice(0, 2)] ?? 'internal';
  const table =
    error.schema === undefined || error.table === undefined ? undefined : `${error.schema}.${error.table}`;
  return make(code, {
    context: { ...context, collection: context.collection ?? table },
    detail: describeError(error, state),
    constraint: error.constraint,
    cause: error,
  });
}

/** States that mean two things and are told apart by what else the server says. Messages are English: see session. */
function special(state: string, message: string): ServerCode | undefined {
  if (state === '08P01' && /parameter: replication/.test(message)) return 'postgres-replication-pooled';
  if (state === '42501' && /row-level security|row security/.test(message)) return 'rows-hidden';
  if (state === '22023' && /snapshot/.test(message)) return 'snapshot-lost';
  if (state === '42704' && /snapshot/.test(message)) return 'snapshot-lost';
  // Its name was found, and it went before it was opened.
  if (state === 'XX000' && /^could not open relation with OID/.test(message)) return 'collection-gone';
  // The catalogue still named it at an older moment, or a moment ago.
  if (state === 'XX000' && /^cache lookup failed for/.test(message)) return 'shape-changed';
  if (state === '58030' && !/No space|ENOSPC/i.test(message)) return 'internal';
  if (state === '57014' && /snapshot|recovery/.test(message)) return 'snapshot-lost';
  if (state === '40001' && /recovery/.test(message)) return 'snapshot-lost';
  return undefined;
}

/**
 * The state, the names of what was hit, and the server's sentence unless it may quote a value. DETAIL, CONTEXT and
 * the statement are left out always: they hold values.
 */
function describeError(error: pg.DatabaseError, state: string): string {
  const names = [
    error.column && `column ${error.column}`,
    error.constraint && `constraint ${error.constraint}`,
  ];
  const sentence = holdsValues(state) ? withoutValues(error.message, state) : error.message;
  return [`${sentence} (${state})`, ...names.filter(Boolean)].join(', ');
}

const holdsValues = (state: string): boolean => /^(22|23|44|P0|54)/.test(state);

/** Names of tables, columns and constraints stand in sentences of this kind only. */
const namesThings = (message: string): boolean => /\b(relation|column|constraint)\b/.test(message);

/** `invalid input syntax for type integer: "12x"` → `invalid input syntax for type integer`. */
function withoutValues(message: string, state: string): string {
  if (state.startsWith('P0')) return 'an error that a trigger or function raised';
  const sentence = message.replace(/:.*$/s, '');
  return namesThings(sentence) ? sentence : sentence.replace(/"(?:[^"]|"")*"/g, '"…"');
}

interface Occurrence {
  readonly context: ErrorContext;
  readonly detail: string;
  readonly constraint?: string | undefined;
  readonly cause: unknown;
}

function make(code: ServerCode, { context, detail, constraint, cause }: Occurrence): LockstepError {
  const details = {
    address: context.address,
    user: context.user,
    database: context.database,
    collection: context.collection ?? `a table of ${context.database}`,
    constraint: constraint ?? detail,
    detail,
    grant: `Grant it: ${detail}`,
    seconds: context.connectTimeoutMs === undefined ? '?' : context.connectTimeoutMs / 1000,
  };
  return new LockstepError<ServerCode>(code, details, { cause });
}

export function wrongServer(address: string, detail: string): LockstepError {
  return new LockstepError('wrong-server', {
    address,
    expected: 'PostgreSQL',
    detail,
  });
}

export function interrupted(signal: AbortSignal): LockstepError {
  const reason: unknown = signal.reason;
  if (isLockstepError(reason, 'interrupted')) return reason;
  return new LockstepError('interrupted', { detail: toError(reason).message }, { cause: reason });
}
