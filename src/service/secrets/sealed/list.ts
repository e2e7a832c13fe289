import { readHead } from '../../../store/secrets/envelope.ts';
import type { ResolvedReference } from '../../config/resolved-reference.ts';
import type { KeyUse, SecretsResult } from './results.ts';
import { type SealedParts, sealedHeads } from './sealed-letters.ts';

/** Under this id stands what is so damaged that it names no key. */
const noKey = 'none';

/** What a key sealed. */
interface Sealed {
  readonly letters: Map<string, number>;
  readonly connections: string[];
}

export async function listSecrets(
  parts: SealedParts,
  references: readonly ResolvedReference[],
): Promise<SecretsResult> {
  parts.ring.refresh();
  const used = await sealedByKey(parts);
  const { keyIds } = parts.ring;
  const ids = new Set([...keyIds, ...[...used.keys()].sort()]);
  const keys = [...ids].map((id): KeyUse => {
    const { letters, connections } = used.get(id) ?? nothing();
    const sealed = [...letters].map(([pipeline, count]) => ({ pipeline, letters: count }));
    return { id, writes: id === keyIds[0], configured: keyIds.includes(id), sealed, connections };
  });
  return { keys, references };
}

const nothing = (): Sealed => ({ letters: new Map(), connections: [] });

async function sealedByKey(parts: SealedParts): Promise<ReadonlyMap<string, Sealed>> {
  const used = new Map<string, Sealed>();
  const by = (sealed: Uint8Array): Sealed => {
    const id = readHead(sealed)?.keyId ?? noKey;
    const found = used.get(id) ?? nothing();
    used.set(id, found);
    return found;
  };
  for await (const { pipeline, head } of sealedHeads(parts)) {
    const { letters } = by(head);
    letters.set(pipeline, (letters.get(pipeline) ?? 0) + 1);
  }
  for (const { name, sealed } of await parts.store.connections.list()) by(sealed).connections.push(name);
  return used;
}
