import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Which file a path means: changes when the file is replaced, not when it is written. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

export function fileIdentity(path: string): FileIdentity | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : { device: found.dev, inode: found.ino };
}

export const isSameFile = (left: FileIdentity | null, right: FileIdentity | null): boolean =>
  left !== null && right !== null && left.device === right.device && left.inode === right.inode;

/**
 * Makes the file, empty and for this user alone, if there is none; SQLite takes an empty file as a new database and gives its
 * journal the same rights. What exists keeps the rights that its owner gave it.
 */
export function createStoreFile(path: string): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!createEmpty(path)) return;
  syncDirectory(directory);
  syncDirectory(dirname(directory));
}

function createEmpty(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw thrown;
  }
}

/** A new name survives a loss of power only once its directory is written through. Windows has no such call and needs none. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
