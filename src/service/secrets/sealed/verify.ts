import { openConnection } from '../../connections/seal.ts';
import type { SecretsVerification } from './results.ts';
import { openLetter, readSealed, type SealedParts, sealedHeads } from './sealed-letters.ts';
import { UnopenedCounter } from './unopened.ts';

/** Opens all that is sealed, one after the other, and changes nothing. */
export async function verifySecrets(parts: SealedParts): Promise<SecretsVerification> {
  parts.ring.refresh();
  const unopened = new UnopenedCounter();
  let opened = 0;
  for await (const head of sealedHeads(parts)) {
    const letter = await readSealed(parts, head);
    if (letter === null) continue;
    const { kind } = openLetter(parts, letter);
    if (kind === 'opened') opened += 1;
    else unopened.addLetter(letter, kind);
  }
  for (const connection of await parts.store.connections.list()) {
    const { kind } = openConnection(parts.ring, connection);
    if (kind === 'opened') opened += 1;
    else unopened.addConnection(connection, kind);
  }
  return { opened, ...unopened.result() };
}
