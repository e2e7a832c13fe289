import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from './collection-work.ts';
import { confirm } from './confirm.ts';
import { paced } from './context.ts';
import type { LeavingGuard } from './guard.ts';
import { retrying } from './retrying.ts';
import { Spool } from './spool.ts';

export interface Leaving {
  readonly guard: LeavingGuard;
  readonly write: (changes: readonly Change[]) => Promise<void>;
  /** Where writing is not yet leaving, what is held is written too. */
  readonly writesHeld: boolean;
}

/**
 * Takes out of the target what does not belong any more, at the end of a pass: first what somebody approved, then the rest, counted as a
 * whole and weighed by the guard. Each key is read once more at the source right before it is removed. Returns whether the guard holds
 * some back; if not, what it knows of the collection has had its use.
 */
export async function leaveKeys(
  work: CollectionWork,
  leaving: Spool,
  { guard, write, writesHeld }: Leaving,
): Promise<boolean> {
  const { context, target } = work;
  const isApproved = await guard.hasApproval(work);
  if (isApproved) for await (const page of guard.keptKeys(work)) await leavePage(work, page, write);
  await using rest = await stillThere(work, leaving, (keys) =>
    isApproved ? guard.undecided(work, keys) : keys,
  );
  if (rest.count === 0) return false;
  const total = await target.countRows({ signal: context.signal });
  const isHeld = await guard.holds(work, rest.count, total);
  if (isHeld) await guard.raise(work, { leaving: rest.count, total }, () => rest.pages());
  if (!isHeld || writesHeld) for await (const page of rest.pages()) await leavePage(work, page, write);
  return isHeld;
}

/** Of the keys that were found extra, those that still are: some have just left, some came back. */
export async function stillThere(
  work: CollectionWork,
  leaving: Spool,
  among: (keys: readonly Key[]) => readonly Key[] | Promise<readonly Key[]> = (keys) => keys,
): Promise<Spool> {
  const { context, plan } = work;
  const rest = await Spool.create(context.spillDirectory);
  for await (const page of leaving.pages()) {
    const { extra } = await retrying(context, { what: `read ${plan.name}`, signal: context.signal }, () =>
      confirm(work, page, context.signal),
    );
    await rest.add(await among(extra));
  }
  return rest;
}

async function leavePage(work: CollectionWork, keys: readonly Key[], write: Leaving['write']): Promise<void> {
  const { context, plan } = work;
  const { signal } = context;
  const { extra } = await retrying(context, { what: `read ${plan.name}`, signal }, () =>
    confirm(work, keys, signal),
  );
  const changes: Change[] = extra.map((key) => ({ kind: 'leave', key }));
  await paced(context, () => write(changes));
}
