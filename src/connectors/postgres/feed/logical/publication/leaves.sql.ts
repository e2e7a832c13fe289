/**
 * OIDs of the table partitions of a table that have rows of their own. `pg_partition_tree` would lock each of them, and so wait for whoever
 * changes one. `relation`: an expression with the OID of a partitioned table.
 */
export const leavesOf = (relation: string): string => `(
  WITH RECURSIVE beneath(oid) AS (
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = ${relation} AND NOT i.inhdetachpending
    UNION ALL
    SELECT i.inhrelid FROM beneath JOIN pg_catalog.pg_inherits i ON i.inhparent = beneath.oid AND NOT i.inhdetachpending)
  SELECT b.oid FROM beneath b JOIN pg_catalog.pg_class l ON l.oid = b.oid WHERE l.relkind <> 'p')`;
