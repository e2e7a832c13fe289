import type { ControlStore, DeadLetter, LetterId, SealedHead } from '../../../protocol/control-store.ts';
import { interruptedBy } from '../../../protocol/errors/interrupted.ts';
import type { Opened } from '../../../store/secrets/envelope.ts';
import type { Keyring } from '../../../store/secrets/keyring.ts';
import { purposeOf } from '../../letters/seal.ts';

/** What every verb about secrets works with. */
export interface SealedParts {
  readonly store: ControlStore;
  readonly ring: Keyring;
  readonly signal: AbortSignal;
}

const headsPerPage = 1_000;

/** The heads of all that is sealed, of every pipeline. */
export async function* sealedHeads({ store, signal }: SealedParts): AsyncIterable<SealedHead> {
  for (let after: LetterId | undefined; ; ) {
    if (signal.aborted) throw interruptedBy(signal);
    const page = await store.deadLetters.listSealed({
      limit: headsPerPage,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    after = page.at(-1);
    if (after === undefined) return;
  }
}

export interface SealedLetter extends DeadLetter {
  readonly sealed: Uint8Array;
}

/** Null: it was resolved, or lost its row, since its head was read. */
export async function readSealed(
  { store, signal }: SealedParts,
  { pipeline, id }: LetterId,
): Promise<SealedLetter | null> {
  if (signal.aborted) throw interruptedBy(signal);
  const letter = await store.deadLetters.get(pipeline, id);
  return letter === null || letter.sealed === null ? null : { ...letter, sealed: letter.sealed };
}

export const openLetter = ({ ring }: SealedParts, letter: SealedLetter): Opened =>
  ring.open(letter.sealed, purposeOf(letter));
