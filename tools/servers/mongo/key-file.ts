import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemUser } from '../system-user.ts';

/** By which members of a replica set know each other, where users have to log in. Returns its path. */
export async function writeKeyFile(folder: string, user: SystemUser | undefined): Promise<string> {
  const file = join(folder, 'key');
  await writeFile(file, 'bG9ja3N0ZXA=', { mode: 0o400 });
  if (user !== undefined) await chown(file, user.uid, user.gid);
  return file;
}
