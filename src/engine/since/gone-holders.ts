import { readChanges } from '../apply/read-changes.ts';
import { confirm } from '../walk/confirm.ts';
import type { Member } from '../walk/member.ts';
import { retrying } from '../walk/retrying.ts';

const keysPerPage = 200;

/**
 * A row that is blocked by one which the source has deleted: the deletion would be found by a comparison only, but a look at the rows that
 * hold its unique values tells it now. They leave like all others, as far as the guard lets them.
 */
export async function findGoneHolders({ work, deferred, leaving, plan }: Member): Promise<void> {
  if (plan.leaving.kind === 'keep') return;
  const { context, target } = work;
  const { signal } = context;
  for await (const keys of deferred.spool.pages(keysPerPage)) {
    const changes = await readChanges(work, keys);
    const rows = changes.flatMap((change) => (change.kind === 'upsert' ? [change.row] : []));
    const holders = (await target.holders(rows, { signal })).flat().map(({ key }) => key);
    if (holders.length === 0) continue;
    const { extra } = await retrying(context, { what: `read ${plan.name}`, signal }, () =>
      confirm(work, [...new Set(holders)], signal),
    );
    await leaving.add(extra);
  }
}
