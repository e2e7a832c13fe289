/** Send function of each column's type. $1 table oid. */
export const sendFunctions = `
SELECT a.attname AS name, quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS send
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_proc p ON p.oid = t.typsend
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped`;

/**
 * Equality of each column: as a unique btree index over it has it, the primary key's first; else (a table that has no
 * index yet) as the default operator class of its type has it. $1 table oid.
 */
export const equalityOperators = `
WITH classes AS (
  SELECT a.attname AS name, c.opcfamily, c.opcintype,
         CASE WHEN i.indisprimary THEN 0 ELSE 1 END AS rank
  FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS part(attnum, opclass)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
  JOIN pg_opclass c ON c.oid = part.opclass
  JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
  WHERE i.indrelid = $1::oid AND i.indisunique AND part.opclass IS NOT NULL
  UNION ALL
  SELECT a.attname, c.opcfamily, c.opcintype, 2
  FROM pg_attribute a
  JOIN pg_opclass c ON c.opcintype = a.atttypid AND c.opcdefault
  JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
  WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT DISTINCT ON (k.name) k.name, 'OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')' AS equals
FROM classes k
JOIN pg_amop ao ON ao.amopfamily = k.opcfamily AND ao.amopstrategy = 3
               AND ao.amoplefttype = k.opcintype AND ao.amoprighttype = k.opcintype
JOIN pg_operator o ON o.oid = ao.amopopr
JOIN pg_namespace n ON n.oid = o.oprnamespace
ORDER BY k.name, k.rank`;
