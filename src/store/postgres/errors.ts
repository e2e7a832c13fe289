import pg from 'pg';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import { storeUnreachable, storeUnusable } from '../store-errors.ts';
import type { StoreAddress } from './address.ts';

type Named = Pick<StoreAddress, 'label' | 'user' | 'database'>;

/**
 * What passes by itself, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) or its class, and how it is told.
 * Only fixed texts: the server's own may quote what is stored.
 */
const passing: Readonly<Record<string, string>> = {
  '08': 'the connection was lost',
  '25006': 'it takes no writes now: a standby, or read-only',
  '25P03': 'our session was idle in a transaction for too long',
  '25P04': 'our transaction took too long',
  '40': 'our transaction was rolled back because of another one',
  '53': 'it has no room for another connection, or is short of memory',
  '53100': 'its disk is full',
  '55006': 'somebody uses what we need',
  '55P03': 'a lock was not to be had',
  '57': 'it shuts down, starts, or an administrator ended our session',
  '57014': 'a statement took too long',
  '58030': 'its disk failed to read or write',
};

/** What stays until a person does something, where it is the store that is not as it should be. */
const broken: Readonly<Record<string, string>> = {
  '3F000': 'its schema was dropped while it was in use',
  '42703': 'its tables are not as we made them',
  '42883': 'its tables are not as we made them',
  '42P01': 'its tables were dropped while it was in use',
  '42P10': 'its tables are not as we made them',
  XX: 'it is damaged',
};

/** What came of talking to the store's server. Everything that is not told apart is a connection that failed, and passes. */
export function toStoreError(thrown: unknown, address: Named): LockstepError {
  if (thrown instanceof LockstepError) return thrown;
  const error = toError(thrown);
  if (error instanceof AggregateError && error.errors.length > 0)
    return toStoreError(error.errors[0], address);
  return error instanceof pg.DatabaseError ? ofServer(error, address) : ofConnection(error, address);
}

function ofServer(error: pg.DatabaseError, { label, user, database }: Named): LockstepError {
  const state = error.code ?? '';
  const known = (texts: Readonly<Record<string, string>>): string | undefined =>
    texts[state] ?? texts[state.slice(0, 2)];
  const passes = known(passing);
  if (passes !== undefined) return storeUnreachable(label, `${passes} (${state})`, error);
  const detail = known(broken);
  if (detail !== undefined) return storeUnusable(label, `${detail} (${state})`, error);
  const cause = { cause: error };
  if (state.startsWith('28'))
    return new LockstepError('authentication-failed', { address: label, user }, cause);
  if (state === '3D000') return new LockstepError('database-unknown', { address: label, database }, cause);
  if (state === '42501') return withoutRight(user, label, error);
  return new LockstepError('internal', { detail: `the control store’s server answered ${state}` }, cause);
}

/** The sentence names a schema or a table of ours, and no value. */
const withoutRight = (user: string, label: string, error: pg.DatabaseError): LockstepError =>
  new LockstepError(
    'permission-denied',
    {
      user,
      detail: `${error.message}, in the control store ${label}`,
      grant:
        'Let it create a schema in the database, or make the schema for it (docs/reference/control-store.md has the statements).',
    },
    { cause: error, class: 'pipeline' },
  );

const isOfTls = (code: string, message: string): boolean =>
  /^(EPROTO|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/.test(code) ||
  /SSL connection|server does not support SSL|certificate|altnames/i.test(message);

function ofConnection(error: Error, { label, user }: Named): LockstepError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (isOfTls(code, error.message))
    return new LockstepError('tls-failed', { address: label, detail: error.message }, { cause: error });
  if (/SASL|password must be a string/i.test(error.message))
    return new LockstepError('authentication-failed', { address: label, user }, { cause: error });
  return storeUnreachable(
    label,
    code === '' ? 'the connection was lost' : `the connection failed (${code})`,
    error,
  );
}
