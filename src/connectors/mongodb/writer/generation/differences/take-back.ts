import type { ClientSession } from 'mongodb';
import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { GenerationId } from '../../../../../protocol/generation.ts';
import type { Key } from '../../../../../protocol/names.ts';
import { sameBytes } from '../../../bson/layout.ts';
import { documentsByKey } from '../../../reader/by-key.ts';
import type { Destination } from '../../destination.ts';
import type { TargetModel } from '../../model.ts';
import type { WindowPart } from '../../window/window-part.ts';
import type { JournalCollection } from '../journal.ts';
import { type Documents, leaveOf, readKept, upsertOf } from './kept-rows.ts';
import type { Share } from './share.ts';

/** What promotion did to one collection, and how it is undone. */
export interface TakingBack {
  readonly share: Share;
  readonly before: Documents;
  readonly came: ReadonlySet<Key>;
  /** Changed by somebody since, so they stay as they are now. */
  readonly kept: ReadonlySet<Key>;
}

interface InSession {
  readonly signal: AbortSignal;
  readonly session?: ClientSession;
}

export async function openTakingBack(
  { deployment }: Destination,
  share: Share,
  { signal, keeps }: InSession & { readonly keeps: boolean },
): Promise<TakingBack> {
  const before = await readKept(deployment, share.each.kept.before, { signal });
  const came = new Set((await readKept(deployment, share.each.kept.came, { signal })).keys());
  const back = { share, before, came, kept: new Set<Key>() };
  return keeps ? { ...back, kept: new Set(await changedSince({ deployment }, back, { signal })) } : back;
}

/** Documents that are no longer as promotion left them. Of marked ones nobody knows how they were left: they are not looked at. */
async function changedSince(
  { deployment }: Pick<Destination, 'deployment'>,
  { share, before, came, kept }: TakingBack,
  options: InSession,
): Promise<readonly Key[]> {
  const { model, staged } = share;
  const written = [...staged.rows.keys()].filter((key) => came.has(key) || before.has(key));
  const left = model.mark === null ? staged.leaves.filter((key) => before.has(key)) : [];
  const keys = [...written, ...left].filter((key) => !kept.has(key));
  const now = await documentsByKey(deployment, { ...options, collection: model.collection, keys });
  return keys.filter((key) => {
    const [row, found] = [staged.rows.get(key), now.get(key)];
    if (row === undefined) return found !== undefined;
    return found === undefined || !sameBytes(row, found);
  });
}

/** In the transaction that takes it back. */
export async function requireUnchanged(
  destination: Destination,
  back: TakingBack,
  { id, ...options }: InSession & { readonly id: GenerationId },
): Promise<void> {
  const changed = await changedSince(destination, back, options);
  const { collection } = back.share.each;
  if (changed.length > 0)
    throw new LockstepError('generation-overtaken', { generation: id, collection, rows: changed.length });
}

/** Whatever is there goes or is replaced: what it was before counts, not whose it is. */
export function inversePart({ share, before, came, kept }: TakingBack): WindowPart {
  const { plan } = share.model;
  const model: TargetModel = {
    ...share.model,
    ...{ scope: null, absent: null, counted: {}, mark: null, plan: { ...plan, leaving: { kind: 'delete' } } },
  };
  const changes = [...[...before].map(upsertOf), ...[...came].map(leaveOf)];
  return { model, changes: changes.filter(({ key }) => !kept.has(key)) };
}

export function countsBack({ share, before, came, kept }: TakingBack): JournalCollection {
  const { rows } = share.staged;
  const back = [...before.keys()].filter((key) => !kept.has(key));
  const updated = back.filter((key) => rows.has(key)).length;
  const left = [...came].filter((key) => !kept.has(key)).length;
  return { ...share.each, inserted: back.length - updated, updated, left };
}
