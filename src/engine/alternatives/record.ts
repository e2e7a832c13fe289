import { reach } from '../../protocol/failpoints.ts';
import type { Key } from '../../protocol/names.ts';
import type { WalkContext } from '../walk/context.ts';

type Context = Pick<WalkContext, 'store' | 'pipeline' | 'fence'>;

const spaceOf = (collection: string): string => `alternatives/${collection}`;

/** Rows that are about to get another value than their own. Keys alone are kept: what they want is read again. Durable on return. */
export async function saveBeaten(context: Context, collection: string, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return;
  reach('alternative.note.before');
  await save(context, collection, { keys, value: true });
  reach('alternative.note.after');
}

/** Rows that have their own value again, or are gone. Durable on return. */
export async function forgetBeaten(
  context: Context,
  collection: string,
  keys: readonly Key[],
): Promise<void> {
  if (keys.length === 0) return;
  reach('alternative.forget.before');
  await save(context, collection, { keys, value: undefined });
  reach('alternative.forget.after');
}

async function save(
  { store, pipeline, fence }: Context,
  collection: string,
  { keys, value }: { readonly keys: readonly Key[]; readonly value: true | undefined },
): Promise<void> {
  const space = spaceOf(collection);
  const entries = keys.map((name) => ({ space, name, value }));
  await store.checkpoints.save({ pipeline, fence }, entries);
}

export async function readBeaten(
  { store, pipeline }: Pick<Context, 'store' | 'pipeline'>,
  collection: string,
): Promise<readonly Key[]> {
  const entries = await store.checkpoints.list(pipeline, spaceOf(collection));
  return entries.map(({ name }) => name);
}
