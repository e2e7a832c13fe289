import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Names the table of processes in which a process id means something. Host name and process id do not say who somebody is: containers may
 * share both. On Linux: this boot of this kernel, and the namespace in which ids are given. Where that can't be read, a name that nobody
 * has, not even ourselves a moment later.
 */
export function processSpace(): string {
  if (process.platform !== 'linux') return process.platform;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid');
    return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 16);
  } catch {
    return randomUUID().replaceAll('-', '');
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
