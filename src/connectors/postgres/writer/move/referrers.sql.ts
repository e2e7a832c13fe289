import { inScope, keyMatches } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';

/** A foreign key by which rows are deleted or changed when the row that they refer to is deleted. */
export interface Referrer {
  readonly name: string;
  /** Qualified and quoted. */
  readonly table: string;
  /** That a row of it, called `lockstep_r`, refers to a row of the target. */
  readonly condition: string;
}

/** As they are now: somebody may have added one. $1 the target's OID, $2 its name */
export const referrersQuery = `
SELECT k.conname AS name, pg_catalog.format('%I.%I', n.nspname, f.relname) AS "table",
  (SELECT pg_catalog.string_agg(pg_catalog.format('%s.%I OPERATOR(%I.%s) lockstep_r.%I', $2::text, t.attname, p.nspname, o.oprname, r.attname), ' AND ')
   FROM ROWS FROM (pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conpfeqop)) AS u(target, referring, equals)
     JOIN pg_catalog.pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = u.target
     JOIN pg_catalog.pg_attribute r ON r.attrelid = k.conrelid AND r.attnum = u.referring
     JOIN pg_catalog.pg_operator o ON o.oid = u.equals JOIN pg_catalog.pg_namespace p ON p.oid = o.oprnamespace) AS condition
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
WHERE k.confrelid = $1::oid AND k.contype = 'f' AND k.conparentid = 0 AND k.confdeltype IN ('c', 'n', 'd')
ORDER BY k.conname`;

/** Staged keys of our rows that rows of one table refer to. $1 ordinals */
export const referredBy = (model: TargetModel, stage: Stage, { table, condition }: Referrer): string => `
SELECT s.${ordinal} AS n FROM ${stage.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE s.${ordinal} = ANY ($1::int4[]) AND ${inScope(model)} AND EXISTS (SELECT FROM ${table} AS lockstep_r WHERE ${condition})`;
