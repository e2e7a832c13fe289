/**
 * Why the keys and indexes of a table can't be taken off and put back in one transaction, or not without making somebody wait for what they
 * need. Triggers and foreign keys, of whichever side, look at each row or find rows by the key. $1 oid.
 */
export const obstacles = `
WITH t AS (SELECT * FROM pg_catalog.pg_class WHERE oid = $1),
own AS (
  SELECT 'pg_class'::regclass AS classid, indexrelid AS objid FROM pg_catalog.pg_index WHERE indrelid = $1
  UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_catalog.pg_constraint WHERE conrelid = $1 AND contype IN ('p', 'u')
),
-- What checks a deferrable key goes and comes with it.
checks AS (SELECT g.oid FROM pg_catalog.pg_trigger AS g, own WHERE own.classid = 'pg_constraint'::regclass AND g.tgconstraint = own.objid
  AND g.tgrelid = $1 AND g.tgisinternal AND g.tgfoid = 'pg_catalog.unique_key_recheck'::regproc),
found AS (
  SELECT 'it is not a plain table' AS what FROM t WHERE relkind <> 'r' OR relispartition
    OR EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE $1 IN (inhrelid, inhparent))
  UNION ALL
  SELECT 'it is unlogged or temporary' FROM t WHERE relpersistence <> 'p'
  UNION ALL
  SELECT 'it has row security' FROM t WHERE relrowsecurity
  UNION ALL
  SELECT 'our role has not the rights of its owner ' || relowner::regrole FROM t WHERE NOT pg_catalog.pg_has_role(relowner, 'USAGE')
  UNION ALL
  SELECT 'event triggers may look at what we do' WHERE EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D')
  UNION ALL
  SELECT CASE WHEN tgisinternal THEN 'it has foreign keys, or is referred to by some' ELSE 'its trigger ' || tgname END
  FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND tgenabled <> 'D' AND oid NOT IN (SELECT oid FROM checks)
  UNION ALL
  SELECT 'its constraint ' || indexrelid::regclass || ' is not about equality' FROM pg_catalog.pg_index WHERE indrelid = $1 AND indisexclusion
  UNION ALL
  SELECT 'its index ' || indexrelid::regclass || ' is not valid' FROM pg_catalog.pg_index
  WHERE indrelid = $1 AND NOT (indisvalid AND indisready AND indislive)
  UNION ALL
  SELECT 'it has no index' WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid = $1)
  UNION ALL
  SELECT 'a subscription writes it' WHERE EXISTS (SELECT FROM pg_catalog.pg_subscription_rel WHERE srrelid = $1)
  UNION ALL
  SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends on its key or an index'
  FROM pg_catalog.pg_depend AS d JOIN own ON own.classid = d.refclassid AND own.objid = d.refobjid
  WHERE (d.classid, d.objid) NOT IN (SELECT classid, objid FROM own)
    AND NOT (d.classid = 'pg_trigger'::regclass AND d.objid IN (SELECT oid FROM checks))
  UNION ALL
  SELECT 'an index belongs to an extension or depends on one' FROM pg_catalog.pg_depend AS d JOIN own ON own.classid = d.classid AND own.objid = d.objid
  WHERE d.deptype IN ('e', 'x')
  UNION ALL
  SELECT 'an index has a security label' FROM pg_catalog.pg_seclabel AS s JOIN own ON own.classid = s.classoid AND own.objid = s.objoid
  UNION ALL
  SELECT 'the server ends statements after ' || pg_catalog.current_setting('statement_timeout') WHERE pg_catalog.current_setting('statement_timeout') <> '0'
  UNION ALL
  -- The look whether it is still empty must see what was committed while we waited for the lock.
  SELECT 'the isolation level is ' || pg_catalog.current_setting('transaction_isolation') WHERE pg_catalog.current_setting('transaction_isolation') <> 'read committed'
)
SELECT DISTINCT what FROM found ORDER BY what`;
