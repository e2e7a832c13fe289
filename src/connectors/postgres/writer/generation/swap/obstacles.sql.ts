/**
 * Why a table can't be replaced by another: what belongs to it and would be lost, and what refers to it and would go on referring to the old
 * one. $1 oid.
 */
export const obstacles = `
WITH t AS (SELECT c.*, n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1),
parts AS (
  SELECT 'pg_constraint'::regclass AS classid, oid AS objid FROM pg_catalog.pg_constraint WHERE conrelid = $1
  UNION ALL SELECT 'pg_attrdef'::regclass, oid FROM pg_catalog.pg_attrdef WHERE adrelid = $1
  UNION ALL SELECT 'pg_class'::regclass, indexrelid FROM pg_catalog.pg_index WHERE indrelid = $1
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_catalog.pg_statistic_ext WHERE stxrelid = $1
  UNION ALL SELECT 'pg_class'::regclass, reltoastrelid FROM t
  UNION ALL SELECT 'pg_type'::regclass, reltype FROM t
  UNION ALL SELECT 'pg_type'::regclass, typarray FROM pg_catalog.pg_type WHERE oid = (SELECT reltype FROM t)
  UNION ALL SELECT 'pg_class'::regclass, d.objid FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.deptype IN ('a', 'i')
),
found AS (
  SELECT CASE WHEN c.confrelid = $1 THEN 'a foreign key of ' || c.conrelid::regclass ELSE 'its foreign key' END || ' (' || c.conname || ')' AS what
  FROM pg_catalog.pg_constraint AS c WHERE c.contype = 'f' AND c.conparentid = 0 AND (c.conrelid = $1 OR c.confrelid = $1)
  UNION ALL
  SELECT 'its trigger ' || tgname FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
  UNION ALL
  SELECT CASE WHEN r.ev_class = $1 THEN 'its rule ' || r.rulename ELSE 'the view ' || r.ev_class::regclass END
  FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = $1 OR r.oid IN (
    SELECT objid FROM pg_catalog.pg_depend WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = $1)
  UNION ALL
  SELECT 'the publication ' || p.pubname FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
  WHERE r.prrelid = $1
  UNION ALL
  SELECT 'the publication ' || p.pubname || ' of its schema' FROM pg_catalog.pg_publication_namespace AS n
  JOIN pg_catalog.pg_publication AS p ON p.oid = n.pnpubid JOIN t ON t.relnamespace = n.pnnspid WHERE t.relpersistence = 'p'
  UNION ALL
  SELECT 'the publication ' || p.pubname || ' of all tables' FROM pg_catalog.pg_publication AS p, t WHERE p.puballtables AND t.relpersistence = 'p'
  UNION ALL
  SELECT 'the subscription ' || s.subname FROM pg_catalog.pg_subscription_rel AS r JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid
  WHERE r.srrelid = $1
  UNION ALL
  SELECT 'the policy ' || p.polname || ' of ' || p.polrelid::regclass FROM pg_catalog.pg_policy AS p WHERE p.oid IN (
    SELECT objid FROM pg_catalog.pg_depend WHERE classid = 'pg_policy'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = $1
      AND (deptype = 'n' AND refobjsubid = 0 OR p.polrelid <> $1))
  UNION ALL
  SELECT 'inheritance with ' || CASE WHEN inhrelid = $1 THEN inhparent ELSE inhrelid END::regclass FROM pg_catalog.pg_inherits
  WHERE $1 IN (inhrelid, inhparent)
  UNION ALL
  SELECT 'its statistics ' || s.stxname || ' lie in another schema' FROM pg_catalog.pg_statistic_ext AS s, t
  WHERE s.stxrelid = $1 AND s.stxnamespace <> t.relnamespace
  UNION ALL
  SELECT 'it is partitioned' FROM t WHERE relkind = 'p'
  UNION ALL
  SELECT 'it is made of the type ' || reloftype::regtype FROM t WHERE reloftype <> 0
  UNION ALL
  SELECT 'its security label' FROM pg_catalog.pg_seclabel WHERE classoid = 'pg_class'::regclass AND objoid = $1
  UNION ALL
  SELECT 'it belongs to the extension ' || e.extname FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
  WHERE d.classid = 'pg_class'::regclass AND d.objid = $1 AND d.deptype = 'e'
  UNION ALL
  SELECT 'its index ' || indexrelid::regclass || ' is not valid' FROM pg_catalog.pg_index WHERE indrelid = $1 AND NOT (indisvalid AND indisready)
  UNION ALL
  SELECT 'a grant by ' || a.grantor::regrole || ', who does not own it' FROM t,
    (SELECT relacl AS acl FROM t UNION ALL SELECT attacl FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND NOT attisdropped) AS acls,
    pg_catalog.aclexplode(acls.acl) AS a WHERE a.grantor <> t.relowner
  UNION ALL
  SELECT 'its owner ' || relowner::regrole || ' is not our role, or one that it is a member of' FROM t
  WHERE NOT pg_catalog.pg_has_role(relowner, 'MEMBER')
  UNION ALL
  SELECT 'the right CREATE on the schema ' || nspname || ' is missing' FROM t WHERE NOT pg_catalog.has_schema_privilege(relnamespace, 'CREATE')
  UNION ALL
  -- Whatever else: functions, types, columns of other tables.
  SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_catalog.pg_depend AS d, t
  WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = $1
      OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.reltype, (SELECT typarray FROM pg_catalog.pg_type WHERE oid = t.reltype)))
    AND (d.classid, d.objid) NOT IN (SELECT classid, objid FROM parts)
    AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass)
    AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_catalog.pg_constraint AS f WHERE f.oid = d.objid AND f.contype = 'f'))
    AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = d.objid AND inhparent = $1))
)
SELECT DISTINCT what FROM found ORDER BY what`;
