import { isLockstepError, LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that mean something to an operator. */
const meanings = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** Some other connection holds the lock that we need. */
export function isBusy(thrown: unknown): boolean {
  const result = resultCode(thrown);
  return result === meanings.busy || result === meanings.locked;
}

/** What SQLite or the file system threw, as one of ours. Only fixed texts: SQLite's own may quote what was stored. */
export function toStoreError(path: string, thrown: unknown): LockstepError {
  if (isLockstepError(thrown)) return thrown;
  const detail = sqliteDetail(resultCode(thrown)) ?? fileDetail(thrown);
  if (detail === null) return toLockstepError(thrown);
  // A lock or a full disk passes by itself once somebody ends or makes room; the rest needs a person first.
  const passes = isBusy(thrown) || resultCode(thrown) === meanings.full;
  return new LockstepError(
    'store-unusable',
    { path, detail },
    { cause: thrown, ...(passes ? { class: 'transient' } : {}) },
  );
}

function sqliteDetail(result: number | null): string | null {
  switch (result) {
    case meanings.busy:
    case meanings.locked:
      return 'another process holds its lock';
    case meanings.readOnly:
      return 'it may not be written';
    case meanings.inputOutput:
      return 'its disk failed to read or write';
    case meanings.corrupt:
      return 'it is damaged';
    case meanings.full:
      return 'its disk is full';
    case meanings.cannotOpen:
      return 'it could not be opened; its directory must exist and be writable';
    case meanings.notADatabase:
      return 'it is not a Lockstep store, or its beginning is damaged';
    default:
      return null;
  }
}

function fileDetail(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('syscall' in thrown)) return null;
  return `${String(thrown.syscall)} failed with ${String(thrown.code)}`;
}

/** The low byte of the extended result code, which is the primary one. */
function resultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return null;
  return thrown.errcode & 0xff;
}
