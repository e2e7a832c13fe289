import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory for what does not fit into memory; goes when it is disposed. Those of processes that died are removed on the way. */
export async function makeSpillDirectory(
  stateDirectory: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const root = join(stateDirectory, 'spill');
  await mkdir(root, { recursive: true, mode: 0o700 });
  await removeOrphans(root);
  const path = join(root, `${process.pid}-${randomUUID()}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What processes that died have spilled, and the directory itself when nobody else uses it. */
export async function removeSpilled(stateDirectory: string): Promise<void> {
  const root = join(stateDirectory, 'spill');
  if (!existsSync(root)) return;
  await removeOrphans(root);
  if ((await readdir(root)).length === 0) await rm(root, { recursive: true, force: true });
}

async function removeOrphans(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = Number(name.split('-')[0]);
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(root, name), { recursive: true, force: true });
  }
}

/** Signal 0 asks without sending; EPERM means that it lives and is somebody else's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}
