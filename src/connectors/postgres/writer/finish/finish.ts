import { reach } from '../../../../protocol/failpoints.ts';
import type { CollectionPlan } from '../../../../protocol/mapping.ts';
import type { PreparedStep, Target, WriteOptions } from '../../../../protocol/writer.ts';
import { describeTable } from '../../catalog/describe-table.ts';
import { tableOf } from '../../catalog/to-shape.ts';
import { type EnsureOptions, ensureKeys, ensureReferences } from '../../create/ensure.ts';
import { drawsFromSequences, ensureSequences } from '../../create/ensure-sequences.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { keysAreBuilt } from '../open/decision.sql.ts';
import { enterFence, writeTransaction } from '../state/write-transaction.ts';

export interface FinishRequest extends WriteOptions {
  readonly model: TargetModel;
  readonly createdByUs: boolean;
  /** We wrote so much that the planner's statistics mean nothing. */
  readonly filled: boolean;
}

type BuildRequest = WriteOptions & { readonly plan: CollectionPlan };

const ensureOptions = (destination: Destination, { lease, signal }: WriteOptions): EnsureOptions => ({
  fence: (session) => enterFence(session, destination, { lease, signal }),
  defaultSchema: destination.defaultSchema,
  signal,
});

/** What makes keys unique, or all keys and indexes, of a table that we created. */
export function buildKeys(
  session: Session,
  destination: Destination,
  request: BuildRequest & { readonly which: 'key' | 'all' },
): Promise<readonly PreparedStep[]> {
  return ensureKeys(session, request.plan, { ...ensureOptions(destination, request), which: request.which });
}

/** Keys and indexes, and statistics: of a table of our making at once, of others where the server does not make them by itself. */
export async function finishKeys(
  destination: Destination,
  request: FinishRequest,
): Promise<readonly PreparedStep[]> {
  const { pool, layout } = destination;
  const { model, createdByUs, filled, lease, signal } = request;
  reach('destination.keys.before');
  const building = { plan: model.plan, lease, signal, which: 'all' } as const;
  const steps = createdByUs
    ? await pool.use((session) => buildKeys(session, destination, building), { signal })
    : [];
  if (createdByUs) {
    reach('destination.keys.built');
    await writeTransaction(destination, { lease, signal }, async (session) => {
      await session.query(keysAreBuilt(layout), [lease.pipeline, model.collection], { signal });
    });
  }
  if (filled && (createdByUs || !(await hasAutovacuum(destination, request))))
    await analyze(destination, request);
  reach('destination.keys.after');
  return steps;
}

const makesStatistics = `
SELECT pg_catalog.current_setting('autovacuum')::bool AND pg_catalog.current_setting('track_counts')::bool
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c, pg_catalog.unnest(c.reloptions) AS o (option)
    WHERE c.oid = $1::regclass AND o.option ~ '^autovacuum_enabled=(off|false|no|0)$') AS does`;

/** The server itself makes statistics of a table that was filled, within its autovacuum_naptime (a minute). */
function hasAutovacuum({ pool }: Destination, { model, signal }: FinishRequest): Promise<boolean> {
  return pool.use(
    async (session) => {
      const { rows } = await session.query<{ does: boolean }>(makesStatistics, [model.sql], { signal });
      return rows[0]?.does ?? false;
    },
    { signal },
  );
}

function analyze(destination: Destination, request: FinishRequest): Promise<void> {
  const { model, signal } = request;
  return writeTransaction(destination, request, (session) =>
    session.execute(`ANALYZE ${model.sql}`, { signal, collection: model.collection }),
  );
}

/** `plans`: all of the pipeline, since a foreign key needs to know where the referenced collection goes. */
export async function finishReferences(
  destination: Destination,
  request: FinishRequest & { readonly plans: readonly CollectionPlan[] },
): Promise<readonly PreparedStep[]> {
  const { model, createdByUs, plans, signal } = request;
  reach('destination.references.before');
  const options = { ...ensureOptions(destination, request), plans };
  const steps = createdByUs
    ? await destination.pool.use((session) => ensureReferences(session, model.plan, options), { signal })
    : [];
  reach('destination.references.after');
  return steps;
}

/** Sequences of mapped columns, whoever made the table: what the copy brought must not be given out again. */
export async function finishSequences(
  destination: Destination,
  request: FinishRequest & Pick<Parameters<Target['finish']>[0], 'sourceNow'>,
): Promise<readonly PreparedStep[]> {
  const { model, sourceNow, signal } = request;
  reach('destination.sequences.before');
  const draws = await destination.pool.use(
    (session) => drawsFromSequences(session, model.table, { signal }),
    {
      signal,
    },
  );
  const source = draws ? tableOf(await sourceNow()) : null;
  const steps =
    source === null
      ? []
      : await writeTransaction(destination, request, async (session) => {
          const target = await describeTable(session, model.table, { signal });
          return target === null
            ? []
            : ensureSequences(session, { source, plan: model.plan, target, signal });
        });
  reach('destination.sequences.after');
  return steps;
}
