import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isOpenToAll } from './system-user.ts';

/**
 * Where unpacked servers are kept between runs: $LOCKSTEP_CACHE, else ~/.cache/lockstep. Root whose home is
 * closed uses /var/cache/lockstep: the servers run as another user and must be able to read their own files.
 */
export async function cacheDirectory(): Promise<string> {
  const directory = process.env['LOCKSTEP_CACHE'] ?? (await defaultDirectory());
  await mkdir(directory, { recursive: true });
  return directory;
}

async function defaultDirectory(): Promise<string> {
  const home = homedir();
  if (process.getuid?.() === 0 && !(await isOpenToAll(home))) return '/var/cache/lockstep';
  return join(home, '.cache', 'lockstep');
}
