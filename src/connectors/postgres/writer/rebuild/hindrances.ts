import type { Format } from '../../../../protocol/chunk.ts';
import type { WholeOptions } from '../../../../protocol/writer.ts';
import { RowEncoder } from '../../copy/binary-encoder.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { insertable, type TargetModel } from '../model/target-model.ts';
import { Declined, declineFor } from './declined.ts';
import { obstacles } from './obstacles.sql.ts';

export interface Wanted extends Pick<WholeOptions, 'expected'> {
  /** The table is of our making. */
  readonly createdByUs: boolean;
}

/**
 * Bytes of a row, for each index. An index entry that is built at the end saves about 0.5 µs, which was 40 % of the time of rows of 50 bytes with one
 * key; of rows of 300 bytes it was 5 %, and whoever reads the table would wait for that.
 */
const widestPerIndex = 200;

/** By what is known without a look at the destination. */
export function declineUnfit({ pool }: Destination, model: TargetModel, wanted: Wanted): void {
  const { rebuildKeys, throttle } = pool.config;
  if (rebuildKeys === 'never') throw new Declined('rebuildKeys is never');
  const { fromRows, maxBytes } = rebuildKeys;
  const { expected, createdByUs } = wanted;
  const reasons: readonly (readonly [boolean, string])[] = [
    [createdByUs, 'its keys come last anyway'],
    [model.scope.kind !== 'all', 'others may have rows in it'],
    [expected.rows < fromRows, `fewer than ${fromRows} rows`],
    [expected.bytes > maxBytes, `more than ${maxBytes} bytes`],
    [
      expected.bytes > expected.rows * widestPerIndex * model.table.indexes.length,
      'its rows are so wide that its indexes cost little beside them',
    ],
    [
      throttle !== undefined,
      'the destination is to be spared, and a lock that is held while it rests spares nobody',
    ],
    [!goesStraightIn(model, expected.format), 'some of its values have to come by way of another table'],
  ];
  declineFor(reasons.flatMap(([holds, reason]) => (holds ? [reason] : [])));
}

function goesStraightIn(model: TargetModel, format: Format): boolean {
  const columns = insertable(model);
  return format === 'pg-copy'
    ? columns.length === model.columns.length
    : new RowEncoder(columns, model.collection).direct;
}

/** By the table as it is now. */
export async function declineObstacles(
  session: Session,
  { table }: TargetModel,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const { rows } = await session.query<{ what: string }>(obstacles, [table.oid], { signal });
  declineFor(rows.map(({ what }) => what));
}
