import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverUser } from '../../../tools/servers/system-user.ts';

/** A file system of a few megabytes that a PostgreSQL server may use as a tablespace. */
export interface SmallDisk extends Disposable {
  readonly directory: string;
  /** Makes room. */
  grow(megabytes: number): void;
}

const mount = (...args: readonly string[]): void => {
  execFileSync('mount', [...args], { stdio: 'ignore' });
};

/** Null where we may not mount: then nobody can fill a disk without filling the machine's. */
export async function makeSmallDisk(megabytes: number): Promise<SmallDisk | null> {
  const user = await serverUser();
  const path = mkdtempSync(join(tmpdir(), 'lockstep-disk-'));
  try {
    mount('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', path);
  } catch {
    rmSync(path, { recursive: true });
    return null;
  }
  const directory = join(path, 'tablespace');
  mkdirSync(directory);
  for (const each of [path, directory]) if (user !== undefined) chownSync(each, user.uid, user.gid);
  return {
    directory,
    grow: (size) => mount('-o', `remount,size=${size}m`, path),
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true });
    },
  };
}
