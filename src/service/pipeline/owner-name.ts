import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Lease } from '../../protocol/control-store.ts';
import { isAlive, processSpace } from './process-space.ts';

/** Host and process, for people; the space of the process and an id of its own, so that no two are the same. */
export const ownName = (): string =>
  `${hostname()}/${process.pid}/${processSpace()}/${randomUUID().slice(0, 8)}`;

/** The process that holds the lease was one of this machine and is gone: nobody has to wait for its lease to run out. */
export function isOfDeadProcess({ owner }: Lease): boolean {
  const [host, pid, space] = owner.split('/');
  return host === hostname() && space === processSpace() && pid !== undefined && !isAlive(Number(pid));
}
