import { z } from 'zod';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { Keyring } from '../../store/secrets/keyring.ts';
import { revealConnection } from '../connections/reveal.ts';
import { openControlStore } from '../control-store.ts';
import type { Environment } from '../secrets/environment.ts';
import type { LookedUp } from './look-up.ts';
import { resolveReferences } from './resolve-references.ts';
import { resolveStore } from './resolve-store.ts';
import type { StorePlace } from './resolved-config.ts';
import { readStoreKeys } from './store-keys.ts';
import { storeSchema } from './store-schema.ts';
import { valueAt } from './values.ts';

/** What each name stands for. */
export type ReadConnections = (name: string) => LookedUp;

/** A stand-in, for whoever needs the configuration and opens no pipeline: good enough to be checked. */
export const unreadConnection = (connector: unknown): string =>
  connector === 'mongodb' ? 'mongodb://unread/unread' : 'postgres://unread/unread';

/**
 * The stored connections that a configuration names, opened. They have to be known before the rest can be checked, so the part `store` is
 * read first; what is wrong with that is told by whoever checks the whole. Throws what the control store throws.
 */
export async function readConnections(
  input: unknown,
  {
    names,
    ...where
  }: { readonly names: readonly string[]; readonly environment: Environment; readonly directory: string },
): Promise<ReadConnections> {
  if (names.length === 0) return () => notReadable;
  const found = await readAll([...new Set(names)], storeOf(input, where));
  return (name) => found.get(name) ?? notReadable;
}

const notReadable: LookedUp = {
  fault: 'can’t be looked up before what is wrong with `store` or its keys is mended',
  at: null,
};

interface ReadableStore {
  readonly place: StorePlace;
  readonly ring: Keyring;
}

/** Null: something is wrong with it. */
function storeOf(
  input: unknown,
  { environment, directory }: { readonly environment: Environment; readonly directory: string },
): ReadableStore | null {
  const written = valueAt(input, ['store']) ?? {};
  const { value, faults } = resolveReferences(written, storeSchema, { environment });
  const parsed = z.safeParse(storeSchema, value);
  const keys = readStoreKeys(valueAt(input, ['store', 'key']), environment);
  if (!parsed.success || faults.length > 0 || keys.faults.length > 0) return null;
  return { place: resolveStore(parsed.data, directory), ring: new Keyring(keys.source) };
}

async function readAll(
  names: readonly string[],
  readable: ReadableStore | null,
): Promise<ReadonlyMap<string, LookedUp>> {
  const found = new Map<string, LookedUp>();
  if (readable === null) return found;
  await using store = await openControlStore(readable.place);
  for (const name of names) {
    const looking = revealConnection(store.connections, { name, ring: readable.ring });
    found.set(name, await looking.then((url) => ({ text: url.reveal(), at: null }), faultOf));
  }
  return found;
}

/** What is wrong with one connection is a fault of its place; that the store can't be read is none. */
function faultOf(thrown: unknown): LookedUp {
  if (thrown instanceof LockstepError && thrown.class === 'configuration')
    return { fault: `${thrown.message}. ${thrown.cure}`, at: null };
  throw thrown;
}
