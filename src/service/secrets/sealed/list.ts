import { readHead } from '../../../store/secrets/envelope.ts';
import type { ResolvedReference } from '../../config/resolved-reference.ts';
import type { KeyUse, SecretsResult } from './results.ts';
import { type SealedParts, sealedHeads } from './sealed-letters.ts';

/** Under this id stands what is so damaged that it names no key. */
const noKey = 'none';

export async function listSecrets(
  parts: SealedParts,
  references: readonly ResolvedReference[],
): Promise<SecretsResult> {
  parts.ring.refresh();
  const used = new Map<string, Map<string, number>>();
  for await (const { pipeline, head } of sealedHeads(parts)) {
    const id = readHead(head)?.keyId ?? noKey;
    const letters = used.get(id) ?? new Map<string, number>();
    letters.set(pipeline, (letters.get(pipeline) ?? 0) + 1);
    used.set(id, letters);
  }
  const { keyIds } = parts.ring;
  const ids = new Set([...keyIds, ...[...used.keys()].sort()]);
  const keys = [...ids].map((id): KeyUse => {
    const sealed = [...(used.get(id) ?? [])].map(([pipeline, letters]) => ({ pipeline, letters }));
    return { id, writes: id === keyIds[0], configured: keyIds.includes(id), sealed };
  });
  return { keys, references };
}
