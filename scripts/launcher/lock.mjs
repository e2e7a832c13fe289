import { randomUUID } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const heartbeatMs = 2_000;
const staleAfterMs = 30_000;
const pollMs = 100;

/**
 * Runs `work` while this process alone holds the lock file. Others wait; a lock whose owner died, or whose
 * owner has not touched it for 30 s, is taken over. `onWait` is called once if there is somebody to wait for.
 */
export async function withLock(file, work, { onWait, signal } = {}) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${process.pid} ${randomUUID()}`;
  let told = false;
  while (!claim(file, mine)) {
    if (!told) onWait?.();
    told = true;
    takeOverIfStale(file);
    await sleep(pollMs, undefined, { signal });
  }
  const heartbeat = setInterval(() => touch(file), heartbeatMs);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (read(file) === mine) rmSync(file, { force: true });
  }
}

// A link appears together with its content; creating and then writing would show others an empty lock.
function claim(file, content) {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function takeOverIfStale(file) {
  const seen = read(file);
  if (seen === undefined || !isStale(file, seen)) return;
  const aside = `${file}.stale-${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // somebody else was faster
  }
  try {
    if (read(aside) !== seen) linkSync(aside, file); // we took a fresh lock: give it back
  } catch {
    // a third process claimed it in between
  } finally {
    rmSync(aside, { force: true });
  }
}

function isStale(file, content) {
  if (!isAlive(Number.parseInt(content, 10))) return true;
  try {
    return Date.now() - statSync(file).mtimeMs > staleAfterMs;
  } catch {
    return false;
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function touch(file) {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // the lock was removed by hand: the work goes on
  }
}
