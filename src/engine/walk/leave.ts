import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from './collection-work.ts';
import { confirm } from './confirm.ts';
import { paced } from './context.ts';
import { type LeavingGuard, leavesTooMuch } from './guard.ts';
import { retrying } from './retrying.ts';
import { Spool } from './spool.ts';
import { type DeferredKeys, writeChanges } from './write-rows.ts';

/**
 * Takes out of the target what does not belong any more, at the end of a pass: first what somebody approved, then the rest, counted as a
 * whole and weighed by the guard. Each key is read once more at the source right before it is removed.
 */
export async function leaveKeys(
  work: CollectionWork,
  leaving: Spool,
  { guard, deferred }: { readonly guard: LeavingGuard; readonly deferred: DeferredKeys },
): Promise<void> {
  const { context, target } = work;
  if (await guard.hasApproval(work)) {
    for await (const page of guard.keptKeys(work)) await leavePage(work, page, deferred);
  }
  await using rest = await stillThere(work, leaving);
  if (rest.count === 0) return guard.clear(work);
  const total = await target.countRows({ signal: context.signal });
  if (leavesTooMuch(guard.limits(work), rest.count, total)) {
    return await guard.raise(work, { leaving: rest.count, total }, () => rest.pages());
  }
  for await (const page of rest.pages()) await leavePage(work, page, deferred);
  await guard.clear(work);
}

/** Of the keys that were found extra, those that still are: some have just left, some came back. */
export async function stillThere(work: CollectionWork, leaving: Spool): Promise<Spool> {
  const { context, plan } = work;
  const rest = await Spool.create(context.spillDirectory);
  for await (const page of leaving.pages()) {
    const { extra } = await retrying(context, { what: `read ${plan.name}`, signal: context.signal }, () =>
      confirm(work, page, context.signal),
    );
    await rest.add(extra);
  }
  return rest;
}

async function leavePage(work: CollectionWork, keys: readonly Key[], deferred: DeferredKeys): Promise<void> {
  const { context, plan } = work;
  const { signal } = context;
  const { extra } = await retrying(context, { what: `read ${plan.name}`, signal }, () =>
    confirm(work, keys, signal),
  );
  const changes: Change[] = extra.map((key) => ({ kind: 'leave', key }));
  await paced(context, () => writeChanges(work, changes, { deferred, signal }));
}
