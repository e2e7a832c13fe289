import { list } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';

/** Column types, collations and so equality are the target's. */
export const createOwnedTable = (model: TargetModel, owned: string): string => `
CREATE TABLE ${owned} AS
SELECT ${list(model.key.map(({ sql, ownedName }) => `${sql} AS ${ownedName}`))} FROM ${model.sql} WITH NO DATA;
ALTER TABLE ${owned} ADD PRIMARY KEY (${list(model.key.map(({ ownedName }) => ownedName))})`;

/** $1 qualified name */
export const ownedTableExists = 'SELECT to_regclass($1) IS NOT NULL AS exists';
