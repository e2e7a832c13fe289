import type { ResealedLetter, StoredConnection } from '../../../protocol/control-store.ts';
import { interruptedBy } from '../../../protocol/errors/interrupted.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../protocol/failpoints.ts';
import { openConnection, purposeOf as purposeOfConnection } from '../../connections/seal.ts';
import { purposeOf } from '../../letters/seal.ts';
import type { SecretsRotation } from './results.ts';
import {
  openLetter,
  readSealed,
  type SealedLetter,
  type SealedParts,
  sealedHeads,
} from './sealed-letters.ts';
import { UnopenedCounter } from './unopened.ts';

/** Of one transaction; rows may be large. */
const batchLetters = 200;
const batchBytes = 4 * 1024 * 1024;
/** An engine that learns the new key stops sealing with the old one at once: more passes than these don't help. */
const mostPasses = 5;

/**
 * Seals anew, with the newest key, all that another one sealed. Nothing is remembered of how far it is: what is done says so itself, so after
 * a kill it is run again. Engines may run meanwhile; what one of them seals with an older key while we pass is met by another pass.
 */
export async function rotateSecrets(parts: SealedParts): Promise<SecretsRotation> {
  parts.ring.refresh();
  const [keyId] = parts.ring.keyIds;
  if (keyId === undefined) throw new LockstepError('keys-missing', {});
  const first = await passOver(parts);
  let last = first;
  let { resealed } = first;
  for (let passes = 1; passes < mostPasses && last.met > 0; passes += 1) {
    last = await passOver(parts);
    resealed += last.resealed;
  }
  return { keyId, resealed, current: first.current, overtaken: last.met, ...last.unopened };
}

async function passOver(parts: SealedParts): Promise<Pass> {
  const pass = new Pass(parts);
  await pass.run();
  return pass;
}

/** Once over all that is sealed. */
class Pass {
  resealed = 0;
  current = 0;
  /** Could be opened and was not current: resealed, or changed between our reading and our writing. */
  met = 0;
  readonly #parts: SealedParts;
  readonly #unopened = new UnopenedCounter();
  #batch: ResealedLetter[] = [];
  #bytes = 0;

  constructor(parts: SealedParts) {
    this.#parts = parts;
  }

  get unopened() {
    return this.#unopened.result();
  }

  async run(): Promise<void> {
    for await (const head of sealedHeads(this.#parts)) {
      if (this.#parts.ring.isCurrent(head.head)) this.current += 1;
      else await this.#take(await readSealed(this.#parts, head));
    }
    await this.#write();
    for (const connection of await this.#parts.store.connections.list())
      await this.#takeConnection(connection);
  }

  /** There are few, so each is a transaction of its own. */
  async #takeConnection(connection: StoredConnection): Promise<void> {
    const { store, ring, signal } = this.#parts;
    const { name, sealed: was } = connection;
    if (signal.aborted) throw interruptedBy(signal);
    if (ring.isCurrent(was)) {
      this.current += 1;
      return;
    }
    const opened = openConnection(ring, connection);
    if (opened.kind !== 'opened') return this.#unopened.addConnection(connection, opened.kind);
    const sealed = ring.seal(opened.bytes, purposeOfConnection(name));
    if (sealed === null) throw new LockstepError('keys-missing', {});
    this.met += 1;
    if (await store.connections.reseal({ name, was, sealed })) this.resealed += 1;
  }

  async #take(letter: SealedLetter | null): Promise<void> {
    if (letter === null) return;
    const { pipeline, id, sealed: was } = letter;
    const opened = openLetter(this.#parts, letter);
    if (opened.kind !== 'opened') return this.#unopened.addLetter(letter, opened.kind);
    const sealed = this.#parts.ring.seal(opened.bytes, purposeOf(letter));
    if (sealed === null) throw new LockstepError('keys-missing', {});
    this.#batch.push({ pipeline, id, was, sealed });
    this.#bytes += was.length + sealed.length;
    if (this.#batch.length >= batchLetters || this.#bytes >= batchBytes) await this.#write();
  }

  async #write(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    if (batch.length === 0) return;
    reach('dead-letter.reseal.before');
    const count = await this.#parts.store.deadLetters.reseal(batch);
    reach('dead-letter.reseal.after');
    this.resealed += count;
    this.met += batch.length;
  }
}
