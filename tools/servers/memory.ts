import { statfs } from 'node:fs/promises';

const memoryFolder = '/dev/shm';
const neededBytes = 2 * 2 ** 30;

/** Where files that may be lost cost no disk; null: this machine has no such place, or no room in it. */
export async function folderInMemory(): Promise<string | null> {
  const found = await statfs(memoryFolder).catch(() => undefined);
  const hasRoom = found !== undefined && found.bavail * found.bsize >= neededBytes;
  return hasRoom ? memoryFolder : null;
}
