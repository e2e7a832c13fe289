import { access, readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Processes that have this in their environment, which they hand on to whatever they start; `/proc` tells, so it is of Linux. */
export async function processesWith(mark: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    // What has ended meanwhile, or is somebody else's, is not ours.
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.includes(mark)) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    found.push(words.replaceAll('\0', ' ').trim());
  }
  return found;
}

/** Folders that servers were started in, as their command lines, and those of their guards, name them. */
export const foldersIn = (commandLines: readonly string[]): readonly string[] =>
  commandLines.flatMap((line) => line.match(/\/\S*\/lockstep-(?:pg\d+|mongo)-\w{6}/g) ?? []);

/** Looks again and again until `over`: every folder that was named meanwhile. */
export async function foldersUsed(mark: string, over: Promise<unknown>): Promise<ReadonlySet<string>> {
  const folders = new Set<string>();
  const state = { over: false };
  const end = over.then(() => {
    state.over = true;
  });
  while (!state.over) {
    for (const folder of foldersIn(await processesWith(mark))) folders.add(folder);
    await Promise.race([end, pause(200)]);
  }
  return folders;
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
