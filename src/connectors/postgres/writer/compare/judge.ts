import type { Row } from '../../../../protocol/value.ts';
import type { Holder } from '../../../../protocol/writer.ts';
import { encodeKey } from '../../key.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { insertable, type TargetModel } from '../model/target-model.ts';
import { readUniqueIndexes } from '../model/unique-index.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { stageRows } from '../stage/stage-rows.ts';
import { type Verdict, verdicts } from '../write/verdict.sql.ts';
import { holdersOf } from './holders.sql.ts';

export type Judgement = 'same' | 'different' | 'missing' | 'clash';

interface RowsRequest {
  readonly rows: readonly Row[];
  readonly signal: AbortSignal;
}

/** Compares rows with what is stored, in the database's own terms. */
export function judge(
  destination: Destination,
  model: TargetModel,
  request: RowsRequest,
): Promise<readonly Judgement[]> {
  const work = async (session: Session, stage: Stage): Promise<readonly Judgement[]> => {
    const options = { signal: request.signal, collection: model.collection };
    const found = await session.query<{ n: number; verdict: Verdict }>(
      verdicts(model, stage),
      undefined,
      options,
    );
    const judgements = request.rows.map((): Judgement => 'missing');
    for (const { n, verdict } of found.rows) judgements[n] = verdict === 'absent' ? 'missing' : verdict;
    return judgements;
  };
  return withStagedRows(destination, model, { ...request, work });
}

/** For each row the other rows that hold a value it wants. */
export function holders(
  destination: Destination,
  model: TargetModel,
  request: RowsRequest,
): Promise<readonly (readonly Holder[])[]> {
  const work = async (session: Session, stage: Stage): Promise<readonly (readonly Holder[])[]> => {
    const { signal } = request;
    const found = request.rows.map((): Holder[] => []);
    const key = model.key.map(({ name }) => name);
    const indexes = await readUniqueIndexes(session, {
      table: model.table,
      columns: model.columns,
      key,
      signal,
    });
    for (const index of indexes) {
      const statement = holdersOf(model, stage, index);
      const columns = index.columns.map(({ name }) => name);
      const { rows } = await session.query<HolderRow>(statement, undefined, { signal });
      for (const { n, key: parts, ours } of rows)
        found[n]?.push({ key: encodeKey(parts), columns, isOurs: ours });
    }
    return found;
  };
  return withStagedRows(destination, model, { ...request, work });
}

interface HolderRow {
  readonly n: number;
  readonly key: readonly string[];
  readonly ours: boolean;
}

/** Nothing of it stays: the temporary table goes with the transaction. */
async function withStagedRows<T>(
  { pool }: Destination,
  model: TargetModel,
  { rows, signal, work }: RowsRequest & { readonly work: (session: Session, stage: Stage) => Promise<T> },
): Promise<T> {
  return pool.use(
    (session) =>
      session.transaction(
        async () => {
          const numbered = rows.map((row, ordinal) => ({ ordinal, row }));
          const columns = insertable(model);
          const stage = await stageRows(session, {
            model,
            name: 'lockstep_stage',
            columns,
            rows: numbered,
            signal,
          });
          return work(session, stage);
        },
        { signal },
      ),
    { signal },
  );
}
