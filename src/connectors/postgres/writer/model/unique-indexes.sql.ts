/**
 * Unique indexes of a table, column by column: what is indexed (a column or an expression, as SQL over the table's own
 * columns) and the operator by which two of them are equal. $1 table oid.
 */
export const uniqueIndexes = `
SELECT c.relname AS name, i.indisprimary AS "isPrimary",
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS "nullsNotDistinct",
       array_agg(pg_get_indexdef(i.indexrelid, part.place::int4, false) ORDER BY part.place) AS expressions,
       array_agg('OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')' ORDER BY part.place) AS operators
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indclass::oid[]) WITH ORDINALITY AS part(opclass, place)
JOIN pg_opclass k ON k.oid = part.opclass
JOIN pg_amop ao ON ao.amopfamily = k.opcfamily AND ao.amopstrategy = 3
               AND ao.amoplefttype = k.opcintype AND ao.amoprighttype = k.opcintype
JOIN pg_operator o ON o.oid = ao.amopopr
JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE i.indrelid = $1::oid AND i.indisunique
GROUP BY c.relname, i.indisprimary, i.indpred, i.indrelid, to_jsonb(i) ->> 'indnullsnotdistinct'
ORDER BY c.relname`;

export interface UniqueIndexRow {
  readonly name: string;
  readonly isPrimary: boolean;
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  readonly expressions: readonly string[];
  readonly operators: readonly string[];
}
