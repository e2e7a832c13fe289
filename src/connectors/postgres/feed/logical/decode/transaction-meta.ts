import type { ChangeMeta } from '../../../../../protocol/change.ts';
import { type Lsn, versionOf } from '../lsn.ts';

/** What all changes of a transaction have in common. Hardly anybody asks for the version, so it is made when somebody does. */
export class TransactionMeta implements ChangeMeta {
  readonly origin: string | null;
  readonly committedAtMs: number | null;
  readonly transaction: string | null;
  readonly #lsn: Lsn;

  constructor(lsn: Lsn, { origin, committedAtMs, transaction }: Omit<ChangeMeta, 'version'>) {
    this.origin = origin;
    this.committedAtMs = committedAtMs;
    this.transaction = transaction;
    this.#lsn = lsn;
  }

  get version(): string {
    return versionOf(this.#lsn);
  }

  /** The same transaction, which came from elsewhere. */
  from(origin: string): TransactionMeta {
    return new TransactionMeta(this.#lsn, {
      origin,
      committedAtMs: this.committedAtMs,
      transaction: this.transaction,
    });
  }
}
