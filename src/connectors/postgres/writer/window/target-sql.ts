import type { Row } from '../../../../protocol/value.ts';
import { placeOf } from '../compare/holders.sql.ts';
import { keyMatches } from '../model/expressions.ts';
import { insertable, type TargetColumn, type TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { fixedOtherwise } from '../write/fixed.sql.ts';
import { deleteLeaving, disownLeaving, markLeaving } from '../write/leave.sql.ts';
import { updatePatched } from '../write/patch.sql.ts';
import {
  clashing,
  insertCounting,
  insertMissing,
  insertReturningOrdinal,
  returningOrdinal,
  stillAbsent,
  updateDiffering,
} from '../write/upsert.sql.ts';
import { keyStage, rowStage } from './array-stage.ts';
import { insertNew, refuseAny, refuseMissing, updateThere, upsertWindow } from './upsert-window.sql.ts';

/** All statements of windows about one target; made once, since their text is the name under which they are prepared. */
export interface TargetSql {
  readonly rowColumns: readonly TargetColumn[];
  readonly clashes: string;
  /** Ordinals of keys that the target has, whoever's, and where it has them. */
  readonly present: string;
  readonly upsert: string;
  readonly upsertExactly: string;
  readonly insertNew: string;
  /** Null: there is nothing that an update could set. */
  readonly updateThere: string | null;
  /** Null: there is nothing that an update could set. */
  readonly update: string | null;
  /** Null: there is no column that an update can't set. */
  readonly refuseFixed: string | null;
  readonly refuseAbsent: string | null;
  readonly insert: string;
  readonly insertExactly: string;
  /** Null: nothing is done to rows that leave. */
  readonly leave: string | null;
  readonly disown: string | null;
  readonly patches: Map<string, PatchSql>;
}

export interface PatchSql {
  readonly update: string | null;
  readonly refuseFixed: string | null;
  readonly refuseMissing: string;
}

const made = new WeakMap<TargetModel, TargetSql>();

export function targetSql(model: TargetModel): TargetSql {
  const known = made.get(model);
  if (known !== undefined) return known;
  const sql = makeSql(model);
  made.set(model, sql);
  return sql;
}

function makeSql(model: TargetModel): TargetSql {
  const rowColumns = insertable(model);
  const rows = rowStage(rowColumns);
  const keys = keyStage(model);
  const { leaving } = model;
  const update = updateDiffering(model, rows);
  const marks = leaving.kind === 'mark' || leaving.kind === 'custom';
  return {
    rowColumns,
    clashes: clashing(model, keys),
    present: `SELECT s.${ordinal} AS n, ${placeOf(model)} AS place FROM ${keys.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}`,
    upsert: upsertWindow(model, rows, { exactly: false }),
    upsertExactly: upsertWindow(model, rows, { exactly: true }),
    insertNew: insertNew(model, rows),
    updateThere: updateThere(model, rows),
    update: update === null ? null : returningOrdinal(update),
    refuseFixed: refuseFixed(model, rows),
    refuseAbsent: marks ? refuseAny(stillAbsent(model, rows)) : null,
    insert: insertCounting(model, insertMissing(model, rows)),
    insertExactly: insertReturningOrdinal(model, rows, insertMissing(model, rows)),
    leave: leaveSql(model),
    disown: leaving.kind === 'delete' && model.owned !== null ? disownLeaving(model, keys) : null,
    patches: new Map(),
  };
}

function refuseFixed(model: TargetModel, stage: Stage): string | null {
  const statement = fixedOtherwise(model, stage);
  return statement === null ? null : refuseAny(statement);
}

function leaveSql(model: TargetModel): string | null {
  switch (model.leaving.kind) {
    case 'delete':
      return deleteLeaving(model, keyStage(model));
    case 'mark':
      return markLeaving(model, keyStage(model), model.leaving.set);
    case 'keep':
    case 'custom':
      return null;
  }
}

/** Columns that a partial row names and that may be written; its key is found by the change's key. */
export function patchColumns(model: TargetModel, row: Row): readonly TargetColumn[] {
  const key = new Set(model.key.map(({ name }) => name));
  return insertable(model).filter(({ name }) => !key.has(name) && Object.hasOwn(row, name));
}

export function patchSql(model: TargetModel, columns: readonly TargetColumn[]): PatchSql {
  const { patches } = targetSql(model);
  const name = columns.map(({ slot }) => slot).join();
  const known = patches.get(name);
  if (known !== undefined) return known;
  const stage = keyStage(model, columns);
  const update = updatePatched(model, stage);
  const sql = {
    update: update === null ? null : returningOrdinal(update),
    refuseFixed: refuseFixed(model, stage),
    refuseMissing: refuseMissing(model, keyStage(model)),
  };
  patches.set(name, sql);
  return sql;
}
