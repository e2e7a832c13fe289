import {
  MongoError,
  MongoInvalidArgumentError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import { storeUnreachable, storeUnusable } from '../store-errors.ts';
import type { StoreAddress } from './address.ts';

type Named = Pick<StoreAddress, 'label' | 'user' | 'database'>;

const otherPrimary = 'it takes no writes now: another member becomes primary, or none is';

/**
 * What passes by itself, by the server's code (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml), and how it is
 * told. Only fixed texts: the server's own may quote what is stored.
 */
const passing: Readonly<Record<number, string>> = {
  6: 'a member can’t reach another',
  7: 'a member can’t find another',
  24: 'a lock was not to be had',
  43: 'the server forgot our cursor',
  46: 'a lock was not to be had',
  50: 'it took too long: somebody else’s transaction holds what we need, or the server is busy',
  64: 'no majority of its members confirmed the write in time',
  89: 'a member does not answer another',
  91: 'it shuts down',
  100: 'too few of its members are there to confirm a write',
  112: 'our transaction met another one',
  134: 'no majority of its members is there to read from',
  175: 'our query was ended',
  189: otherPrimary,
  211: 'its members do not know each other’s keys yet',
  225: 'our transaction was overtaken by a newer one',
  237: 'our cursor was ended',
  246: 'the moment that our transaction began with can’t be read any more',
  251: 'our transaction was ended',
  262: 'it took too long',
  290: 'our transaction took too long',
  9001: 'the connection was lost',
  10107: otherPrimary,
  11000: 'somebody else wrote the same at that moment',
  11600: 'it shuts down',
  11601: 'our operation was ended',
  11602: otherPrimary,
  13435: otherPrimary,
  13436: otherPrimary,
  14031: 'its disk is full',
};

/** Labels with which server and driver say that a repeat may help. */
const passingLabels = [
  'TransientTransactionError',
  'UnknownTransactionCommitResult',
  'RetryableWriteError',
] as const;

/** What stays until a person does something, where it is the store that is not as it should be. */
const broken: Readonly<Record<number, string>> = {
  26: 'its collections were dropped while it was in use',
  85: 'its indexes are not as we made them',
  86: 'its indexes are not as we made them',
  121: 'its collections have a validator that we did not make',
  166: 'its collections are views',
  13297: 'a database of that name in other letters is there',
};

/** What came of talking to the store's deployment. Everything that is not told apart is a connection that failed, and passes. */
export function toStoreError(thrown: unknown, address: Named): LockstepError {
  if (thrown instanceof LockstepError) return thrown;
  const error = toError(thrown);
  if (error instanceof MongoServerError) return ofServer(error, address);
  if (error instanceof MongoParseError) return urlInvalid(error, address);
  if (error instanceof MongoError && !(error instanceof MongoInvalidArgumentError))
    return ofConnection(error, address);
  return new LockstepError('internal', { detail: error.message }, { cause: error });
}

/** The driver refuses an option of the URL. */
export const urlInvalid = (error: Error, { label }: Named): LockstepError =>
  new LockstepError('mongodb-url-invalid', { address: label, detail: error.message }, { cause: error });

const hasPassingLabel = (error: Error): boolean =>
  error instanceof MongoError && passingLabels.some((label) => error.hasErrorLabel(label));

function ofServer(error: MongoServerError, { label, user, database }: Named): LockstepError {
  const code = Number(error.code ?? 0);
  const detail = broken[code];
  if (detail !== undefined) return storeUnusable(label, `${detail} (${code})`, error);
  const cause = { cause: error };
  if (code === 18 || code === 11)
    return new LockstepError('authentication-failed', { address: label, user: user ?? 'nobody' }, cause);
  if (code === 13 || code === 8000) return withoutRight({ label, user, database }, error);
  if (code === 20)
    return new LockstepError('mongodb-standalone', { address: label, detail: error.message }, cause);
  const passes = passing[code] ?? (hasPassingLabel(error) ? 'our operation was ended' : undefined);
  if (passes !== undefined) return storeUnreachable(label, `${passes} (${code})`, error);
  return new LockstepError('internal', { detail: `the control store’s server answered ${code}` }, cause);
}

/** The sentence names a collection of ours and a command; values that a command would quote are cut off with it. */
const withoutRight = ({ label, user, database }: Named, error: MongoServerError): LockstepError =>
  new LockstepError(
    'permission-denied',
    {
      user: user ?? 'nobody',
      detail: `${error.message.replace(/ to execute command .*$/s, '')}, in the control store ${label}`,
      grant: `Give it the role readWrite on ${database} (docs/reference/control-store.md has the command).`,
    },
    { cause: error, class: 'pipeline' },
  );

/** A failed selection keeps in its cause, or with each member, what was said there. */
function textsOf(error: Error): readonly string[] {
  const reasons: Error[] = [error];
  if (error.cause instanceof Error) reasons.push(error.cause);
  if (error instanceof MongoServerSelectionError)
    for (const { error: ofMember } of error.reason?.servers.values() ?? [])
      if (ofMember !== null) reasons.push(ofMember);
  return reasons.flatMap((reason) => [
    reason.message,
    reason.cause instanceof Error ? reason.cause.message : '',
  ]);
}

function ofConnection(error: Error, { label, user }: Named): LockstepError {
  const texts = textsOf(error);
  const some = (pattern: RegExp): string | undefined => texts.find((text) => pattern.test(text));
  const ofTls = some(/certificate|\bTLS\b|\bSSL\b|altnames|EPROTO/i);
  if (ofTls !== undefined)
    return new LockstepError('tls-failed', { address: label, detail: ofTls }, { cause: error });
  if (some(/authentication failed/i) !== undefined)
    return new LockstepError(
      'authentication-failed',
      { address: label, user: user ?? 'nobody' },
      { cause: error },
    );
  const code = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNRESET|ETIMEDOUT/.exec(
    texts.join(' '),
  )?.[0];
  const detail =
    code === undefined ? 'no member that takes writes answers' : `the connection failed (${code})`;
  return storeUnreachable(label, detail, error);
}
