import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { spilling } from '../../engine/walk/spill-failed.ts';
import { isAlive, processSpace } from './process-space.ts';

const touchEveryMs = 600_000;
/** Whoever lives touches its directory several times meanwhile. */
const abandonedAfterMs = 3_600_000;

/** A directory for what does not fit into memory; goes when it is disposed. Those of processes that died are removed on the way. */
export async function makeSpillDirectory(
  stateDirectory: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const root = join(stateDirectory, 'spill');
  const path = join(root, `${process.pid}-${processSpace()}-${randomUUID()}`);
  await spilling(path, () => mkdir(path, { recursive: true, mode: 0o700 }));
  await removeOrphans(root, (await stat(path)).mtimeMs);
  // One that somebody has removed is missed by whoever uses it.
  const touching = setInterval(() => void touch(path).catch(() => undefined), touchEveryMs).unref();
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      clearInterval(touching);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** What processes that died have spilled, and the directory itself when nobody else uses it. */
export async function removeSpilled(stateDirectory: string): Promise<void> {
  const root = join(stateDirectory, 'spill');
  if (!existsSync(root)) return;
  await removeOrphans(root, Date.now());
  if ((await readdir(root)).length === 0) await rm(root, { recursive: true, force: true });
}

const touch = (path: string): Promise<void> => utimes(path, new Date(), new Date());

/** Of another machine or container that has the same directory a process id says nothing: there, only what nobody has touched for long goes. */
async function removeOrphans(root: string, nowMs: number): Promise<void> {
  const here = processSpace();
  for (const name of await readdir(root)) {
    const [pid, space] = name.split('-');
    const isDead = space === here && !isAlive(Number(pid));
    if (isDead || (await isAbandoned(join(root, name), nowMs)))
      await rm(join(root, name), { recursive: true, force: true });
  }
}

/** Its owner may remove it at the same moment. */
async function isAbandoned(path: string, nowMs: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && nowMs - found.mtimeMs > abandonedAfterMs;
}
