import { qualified, quoteLiteral } from '../names.ts';
import type { Session } from '../session/session.ts';
import type { PgSequence } from './pg-table.ts';

/** What the catalogue says of a column's sequence, before its state is read. */
export interface SequenceItem extends Omit<PgSequence, 'lastValue' | 'isCalled'> {
  readonly oid: number;
  readonly readable: boolean;
}

interface SequenceState {
  readonly oid: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** The state of the sequences that we may read, in one round trip; it is not in the catalogue but in the sequence itself. */
export async function readSequences(
  session: Session,
  items: readonly SequenceItem[],
  options: { readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<number, PgSequence>> {
  const readable = items.filter((item) => item.readable);
  const sql = readable.map(stateOf).join(' UNION ALL ');
  const { rows } =
    readable.length === 0 ? { rows: [] } : await session.query<SequenceState>(sql, undefined, options);
  const states = new Map(rows.map((state) => [Number(state.oid), state]));
  return new Map(items.map((item) => [item.oid, withState(item, states.get(item.oid))]));
}

const stateOf = ({ oid, schema, name }: SequenceItem): string =>
  `SELECT ${quoteLiteral(String(oid))}::text AS oid, last_value::text AS "lastValue", is_called AS "isCalled"
   FROM ${qualified({ schema, table: name })}`;

function withState(
  { oid: _, readable: __, ...item }: SequenceItem,
  state: SequenceState | undefined,
): PgSequence {
  return { ...item, lastValue: state?.lastValue ?? null, isCalled: state?.isCalled ?? null };
}
