import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import { noteBeaten } from '../alternatives/note.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { type Confirmed, confirm } from '../walk/confirm.ts';
import { retrying } from '../walk/retrying.ts';

/** What some keys need now. */
export interface Needs extends Pick<Confirmed, 'clashes' | 'unmappable'> {
  readonly changes: readonly Change[];
}

/** By both sides as they are; nothing for those that are right. */
export async function readNeeds(work: CollectionWork, keys: readonly Key[]): Promise<Needs> {
  const { signal } = work.context;
  const confirmed = await retrying(work.context, { what: `read ${work.plan.name}`, signal }, () =>
    confirm(work, [...new Set(keys)], signal),
  );
  await noteBeaten(work, confirmed.beaten);
  const { clashes, unmappable } = confirmed;
  return { changes: toChanges(confirmed), clashes, unmappable };
}

/** Of these only what can be written. */
export const readChanges = async (work: CollectionWork, keys: readonly Key[]): Promise<readonly Change[]> =>
  (await readNeeds(work, keys)).changes;

const toChanges = ({ missing, different, giving, extra }: Confirmed): readonly Change[] => [
  ...[...missing, ...different, ...giving].map(({ key, row }): Change => ({ kind: 'upsert', key, row })),
  ...extra.map((key): Change => ({ kind: 'leave', key })),
];
