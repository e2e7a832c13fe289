import { createHash } from 'node:crypto';
import { isLockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { ReadingLease } from '../../../protocol/reader.ts';
import { quoteLiteral } from '../names.ts';
import { endOlderOwners } from '../session/older-owners.sql.ts';
import type { SessionPool } from '../session/pool.ts';

/** Nobody waits longer for the reads of an engine that is gone. */
const patience = '1s';

/** Whose reading transactions are, so that the next owner can end those of an engine that is stopped, or whose machine is gone. */
export class ReadingOwner {
  #tag: string | null = null;

  /** Follows BEGIN; only inside of a transaction, as an idle session holds nothing. */
  get entering(): string {
    return this.#tag === null ? '' : `; SET LOCAL application_name = ${quoteLiteral(this.#tag)}`;
  }

  /** What hinders it is told: the new owner reads all the same. */
  async take(pool: SessionPool, { lease, stateId, signal }: ReadingLease): Promise<void> {
    const prefix = tagPrefix(lease.pipeline, stateId);
    this.#tag = `${prefix}${lease.fence}`;
    const begin = `BEGIN; SET LOCAL statement_timeout = ${quoteLiteral(patience)}`;
    const options = { begin, signal };
    const end = () =>
      pool.use(
        (session) =>
          session.transaction(
            () => session.query(endOlderOwners(prefix), [lease.fence], { signal }),
            options,
          ),
        { signal },
      );
    await end().catch((thrown: unknown) => {
      if (isLockstepError(thrown, 'interrupted')) throw thrown;
      const { message } = toLockstepError(thrown);
      pool.notice({
        kind: 'waiting',
        message: `reads of an older owner may still be open at the source: ${message}`,
      });
    });
  }
}

/** PostgreSQL cuts application_name at 63 bytes; this leaves 16 digits to the fence. */
const longestName = 24;

/** The destination’s state tells pipelines of the same name apart, which other installations may have at this source. */
function tagPrefix(pipeline: string, stateId: string): string {
  const owner = createHash('sha256').update(`${pipeline}\0${stateId}`).digest('hex').slice(0, 8);
  return `lockstep ${pipeline.slice(0, longestName)} ${owner} #`;
}
