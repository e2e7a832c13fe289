import type { Row } from '../../../../protocol/value.ts';
import type { PgType } from '../../catalog/pg-type.ts';
import { RowEncoder } from '../../copy/binary-encoder.ts';
import type { Session } from '../../session/session.ts';
import { list } from '../model/expressions.ts';
import type { TargetColumn, TargetModel } from '../model/target-model.ts';
import { copyRows } from './copy-in.ts';
import { copyDoor } from './fill-stage.ts';
import { keyRows } from './keys.sql.ts';
import { createStage, ordinal, type Stage, stageOf } from './stage.sql.ts';
import { keyValues, type NumberedKey } from './stage-keys.ts';

export interface NumberedRow {
  readonly ordinal: number;
  readonly row: Row;
}

const int4: PgType = {
  oid: 23,
  name: 'integer',
  typtype: 'b',
  element: null,
  base: null,
  builtIn: true,
  collationDeterministic: true,
  collation: null,
};

/** Not a name that PostgreSQL would give a column: it travels beside them. */
const ordinalColumn = { name: '\0ordinal', slot: ordinal, type: int4, formatType: 'integer' };

/** Rows with their place in the caller's list. `keys`: keys that the rows themselves need not hold. */
export async function stageRows(
  session: Session,
  request: {
    readonly model: TargetModel;
    readonly name: string;
    readonly columns: readonly TargetColumn[];
    readonly rows: readonly NumberedRow[];
    readonly keys?: readonly NumberedKey[];
    readonly signal: AbortSignal;
  },
): Promise<Stage> {
  const { model, name, columns, rows, keys, signal } = request;
  const { collection } = model;
  const stage = stageOf(name, keys === undefined ? columns : [...model.key, ...columns]);
  await session.execute(createStage(model, stage), { signal, collection });
  const travelling = [ordinalColumn, ...columns];
  const encoder = new RowEncoder(travelling, collection);
  const door = await copyDoor(session, { stage, columns: travelling, encoder, collection, signal });
  const numbered = rows.map(({ ordinal, row }) => ({ ...row, [ordinalColumn.name]: ordinal }));
  await copyRows(session, door.destination, {
    encoder,
    chunks: [{ format: 'rows', rows: numbered, backing: null }],
  });
  await door.pass();
  if (keys !== undefined)
    await session.query(addKeys(model, stage), keyValues(model, keys), { signal, collection });
  return stage;
}

const addKeys = (model: TargetModel, stage: Stage): string => `
UPDATE ${stage.sql} AS s SET ${list(model.key.map(({ slot }) => `${slot} = k.${slot}`))}
FROM (${keyRows(model)}) AS k WHERE k.${ordinal} = s.${ordinal}`;
