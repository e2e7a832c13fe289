import type { LetterId, StoredConnection } from '../../../protocol/control-store.ts';
import { readHead } from '../../../store/secrets/envelope.ts';
import type { Unopened, UnopenedCount } from './results.ts';

const samplesKept = 100;

type Reason = Unopened['reason'];

/** Counts what can't be opened and keeps the first of it. */
export class UnopenedCounter {
  readonly #samples: Unopened[] = [];
  #count = 0;

  addLetter({ pipeline, id, sealed }: LetterId & { readonly sealed: Uint8Array }, reason: Reason): void {
    this.#add({ pipeline, letter: id, connection: null }, { sealed, reason });
  }

  addConnection({ name, sealed }: StoredConnection, reason: Reason): void {
    this.#add({ pipeline: null, letter: null, connection: name }, { sealed, reason });
  }

  result(): UnopenedCount {
    return { unopened: this.#count, samples: [...this.#samples] };
  }

  #add(
    what: Pick<Unopened, 'pipeline' | 'letter' | 'connection'>,
    { sealed, reason }: { readonly sealed: Uint8Array; readonly reason: Reason },
  ): void {
    this.#count += 1;
    if (this.#samples.length < samplesKept)
      this.#samples.push({ ...what, reason, keyId: readHead(sealed)?.keyId ?? null });
  }
}
