import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import { noteBeaten } from '../alternatives/note.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { type Confirmed, confirm } from '../walk/confirm.ts';
import { retrying } from '../walk/retrying.ts';

/** What these keys need now, by both sides as they are; nothing for those that are right. */
export async function readChanges(work: CollectionWork, keys: readonly Key[]): Promise<readonly Change[]> {
  const { signal } = work.context;
  const confirmed = await retrying(work.context, { what: `read ${work.plan.name}`, signal }, () =>
    confirm(work, [...new Set(keys)], signal),
  );
  await noteBeaten(work, confirmed.beaten);
  return toChanges(confirmed);
}

const toChanges = ({ missing, different, giving, extra }: Confirmed): readonly Change[] => [
  ...[...missing, ...different, ...giving].map(({ key, row }): Change => ({ kind: 'upsert', key, row })),
  ...extra.map((key): Change => ({ kind: 'leave', key })),
];
