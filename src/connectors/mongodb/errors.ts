import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';

/** Where an error happened: fills the places of its message. */
export interface ErrorContext {
  /** `host:port/database`, without secrets. */
  readonly address: string;
  readonly user: string | null;
  readonly database: string;
  readonly connectTimeoutMs: number;
  readonly collection?: string | undefined;
}

/** What can come of talking to MongoDB. */
type ServerCode =
  | 'authentication-failed'
  | 'collection-gone'
  | 'connection-lost'
  | 'connection-refused'
  | 'connection-timeout'
  | 'disk-full'
  | 'internal'
  | 'mongodb-cursor-lost'
  | 'mongodb-standalone'
  | 'mongodb-url-invalid'
  | 'permission-denied'
  | 'row-too-large'
  | 'server-busy'
  | 'shape-changed'
  | 'statement-timeout'
  | 'tls-failed'
  | 'transaction-conflict'
  | 'transaction-too-large'
  | 'unique-conflict'
  | 'value-refused';

/** Server codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const byCode: Readonly<Record<number, ServerCode>> = {
  6: 'connection-lost', // HostUnreachable
  7: 'connection-lost', // HostNotFound
  13: 'permission-denied', // Unauthorized
  18: 'authentication-failed',
  20: 'mongodb-standalone', // IllegalOperation: transaction numbers on a standalone
  24: 'transaction-conflict', // LockTimeout
  26: 'collection-gone', // NamespaceNotFound
  43: 'mongodb-cursor-lost', // CursorNotFound
  46: 'transaction-conflict', // LockBusy
  50: 'statement-timeout', // MaxTimeMSExpired
  64: 'connection-lost', // WriteConcernTimeout
  89: 'connection-lost', // NetworkTimeout
  91: 'connection-lost', // ShutdownInProgress
  112: 'transaction-conflict', // WriteConflict
  121: 'value-refused', // DocumentValidationFailure
  133: 'connection-lost', // FailedToSatisfyReadPreference
  136: 'mongodb-cursor-lost', // CappedPositionLost
  146: 'server-busy', // ExceededMemoryLimit
  175: 'mongodb-cursor-lost', // QueryPlanKilled
  189: 'connection-lost', // PrimarySteppedDown
  225: 'transaction-conflict', // TransactionTooOld
  234: 'mongodb-cursor-lost', // RetryChangeStream
  237: 'mongodb-cursor-lost', // CursorKilled
  246: 'transaction-conflict', // SnapshotUnavailable
  251: 'transaction-conflict', // NoSuchTransaction
  257: 'transaction-too-large',
  262: 'statement-timeout', // ExceededTimeLimit
  290: 'statement-timeout', // TransactionExceededLifetimeLimitSeconds
  334: 'tls-failed', // MechanismUnavailable
  388: 'transaction-too-large', // TransactionTooLargeForCache
  8000: 'permission-denied', // Atlas
  10003: 'value-refused', // a capped collection’s document can’t grow
  10107: 'connection-lost', // NotWritablePrimary
  10334: 'row-too-large', // BSONObjectTooLarge
  11000: 'unique-conflict',
  11001: 'unique-conflict',
  11600: 'connection-lost', // InterruptedAtShutdown
  11601: 'mongodb-cursor-lost', // Interrupted: somebody ended the operation
  11602: 'connection-lost', // InterruptedDueToReplStateChange
  12582: 'unique-conflict',
  13297: 'shape-changed', // DatabaseDifferCase
  13435: 'connection-lost', // NotPrimaryNoSecondaryOk
  13436: 'connection-lost', // NotPrimaryOrSecondary
  14031: 'disk-full', // OutOfDiskSpace
  17280: 'row-too-large', // an index key
};

/** Messages of the driver and of sockets, which have no code of their own there. */
const byMessage: readonly (readonly [RegExp, ServerCode])[] = [
  [/authentication failed|auth required|Missing credentials/i, 'authentication-failed'],
  [/certificate|\bTLS\b|\bSSL\b|altnames|EPROTO/i, 'tls-failed'],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|querySrv/, 'connection-refused'],
  [/ECONNRESET|EPIPE|connection .*closed|pool .*cleared|Topology is closed/i, 'connection-lost'],
  [/timed out|ETIMEDOUT/, 'connection-timeout'],
];

/** Anything thrown while we talked to MongoDB, as an error of the catalogue. Ours pass unchanged. */
export function toMongodbError(thrown: unknown, context: ErrorContext): LockstepError {
  if (thrown instanceof LockstepError) return thrown;
  const error = toError(thrown);
  if (error instanceof MongoServerError)
    return fromReply(replyOf(error), context, { cause: error, otherwise: 'internal' });
  if (isOfSteppingDown(error))
    return make('connection-lost', {
      context,
      detail: 'the member takes no commands any more',
      cause: error,
    });
  return make(driverCode(error), { context, detail: error.message, cause: error });
}

/**
 * A member that steps down refuses commands with the version of what it knows, and the driver (7.x) keeps that as bytes where it came to a command whose
 * reply was asked for as bytes. What is refused next it compares with those, and throws that they have no parts. That is over with its next look at the member.
 */
const isOfSteppingDown = (error: Error): boolean =>
  error instanceof TypeError && /\bcompareTopologyVersion\b/.test(error.stack ?? '');

/** A bulk that was written and not confirmed has no code itself: what the server said of that lies in it. */
const replyOf = (error: MongoServerError): Refusal =>
  error instanceof MongoBulkWriteError && error.code === undefined ? (error.err ?? error) : error;

/** An error as a server spells it: thrown by the driver, or among the `writeErrors` of a reply that is otherwise well. */
export interface Refusal {
  readonly code?: number | string | null | undefined;
  readonly errmsg?: string | undefined;
  readonly codeName?: string | undefined;
}

/** An error that a reply gives for one document: what is not known otherwise is the document's fault. */
export const refusalOf = (reply: Refusal, context: ErrorContext): LockstepError =>
  fromReply(reply, context, { otherwise: 'value-refused' });

interface ReplyOptions {
  readonly cause?: unknown;
  readonly otherwise: ServerCode;
}

function fromReply(
  reply: Refusal,
  context: ErrorContext,
  { cause = null, otherwise }: ReplyOptions,
): LockstepError {
  const number = Number(reply.code ?? 0);
  const code = byCode[number] ?? (hasTransientLabel(cause) ? 'transaction-conflict' : otherwise);
  const index = /\bindex: (\S+)/.exec(reply.errmsg ?? '')?.[1];
  const constraint = index === undefined ? `code ${number}` : `index ${index}`;
  return make(code, { context, detail: describe(reply, number), constraint, cause });
}

const hasTransientLabel = (cause: unknown): boolean =>
  cause instanceof MongoError &&
  (cause.hasErrorLabel('TransientTransactionError') || cause.hasErrorLabel('RetryableWriteError'));

/** What a validator or an index says quotes the document: only its name is told. */
const quotesValues: ReadonlySet<number> = new Set([121, 11000, 11001, 12582, 17280, 10003]);

function describe({ errmsg = '', codeName }: Refusal, code: number): string {
  if (code === 121) return 'its validator does not let the document pass (121)';
  if (quotesValues.has(code)) return `code ${code}`;
  return `${errmsg} (${codeName ?? code})`;
}

function driverCode(error: Error): ServerCode {
  if (error instanceof MongoNetworkTimeoutError) return 'connection-timeout';
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError)
    return byText(error) ?? (error instanceof MongoNetworkError ? 'connection-lost' : 'connection-timeout');
  if (error instanceof MongoParseError) return 'mongodb-url-invalid';
  if (error instanceof MongoAPIError) return byText(error) ?? 'mongodb-url-invalid';
  if (hasTransientLabel(error)) return 'transaction-conflict';
  return byText(error) ?? 'internal';
}

/** A failed selection keeps in its reason what each member said. */
function byText(error: Error): ServerCode | undefined {
  const texts = [error.message, ...(error.cause instanceof Error ? [error.cause.message] : [])];
  return byMessage.find(([pattern]) => texts.some((text) => pattern.test(text)))?.[1];
}

interface Occurrence {
  readonly context: ErrorContext;
  readonly detail: string;
  readonly constraint?: string;
  readonly cause: unknown;
}

function make(code: ServerCode, { context, detail, constraint = detail, cause }: Occurrence): LockstepError {
  const user = context.user ?? 'nobody';
  const details = {
    address: context.address,
    user,
    database: context.database,
    collection: context.collection ?? `a collection of ${context.database}`,
    constraint,
    detail,
    grant: `Grant ${user} a role that may do it, such as readWrite on ${context.database}.`,
    seconds: context.connectTimeoutMs / 1000,
  };
  return new LockstepError<ServerCode>(code, details, { cause });
}

export function interrupted(signal: AbortSignal): LockstepError {
  const reason: unknown = signal.reason;
  return new LockstepError('interrupted', { detail: toError(reason).message }, { cause: reason });
}
