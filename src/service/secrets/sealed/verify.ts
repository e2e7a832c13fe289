import type { SecretsVerification } from './results.ts';
import { openLetter, readSealed, type SealedParts, sealedHeads, UnopenedLetters } from './sealed-letters.ts';

/** Opens all that is sealed, one after the other, and changes nothing. */
export async function verifySecrets(parts: SealedParts): Promise<SecretsVerification> {
  parts.ring.refresh();
  const unopened = new UnopenedLetters();
  let opened = 0;
  for await (const head of sealedHeads(parts)) {
    const letter = await readSealed(parts, head);
    if (letter === null) continue;
    const { kind } = openLetter(parts, letter);
    if (kind === 'opened') opened += 1;
    else unopened.add(letter, kind);
  }
  return { opened, ...unopened.result() };
}
