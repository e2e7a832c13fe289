/** An enum that columns of a table use, with its values in their order. */
export interface EnumState {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Below this are the types that come with the server, none of which is an enum. */
const firstUserOid = 16_384;

/** The enums of a table's columns, also beneath arrays and domains, as one JSON array. `relation`: an expression with the table's OID. */
export const enumsOf = (relation: string): string => `(
  WITH RECURSIVE used(oid) AS (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = ${relation} AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= ${firstUserOid}
    UNION
    SELECT inner_oid FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
      CROSS JOIN LATERAL (VALUES (t.typelem), (t.typbasetype)) v(inner_oid) WHERE inner_oid >= ${firstUserOid}
  )
  SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', pg_catalog.format_type(e.oid, NULL), 'labels',
      (SELECT coalesce(pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder), '[]') FROM pg_catalog.pg_enum l WHERE l.enumtypid = e.oid))
    ORDER BY e.oid), '[]')
  FROM used JOIN pg_catalog.pg_type e ON e.oid = used.oid WHERE e.typtype = 'e')`;

/** What a reader of one of them has to hear of. */
export function enumChanges(before: readonly EnumState[], after: readonly EnumState[]): string[] {
  return after.flatMap(({ name, labels }) => {
    const known = before.find((each) => each.name === name);
    if (known === undefined) return [];
    const fresh = labels.filter((label) => !known.labels.includes(label));
    // The server takes none away: it was renamed, and with it what rows have.
    const gone = known.labels.filter((label) => !labels.includes(label));
    return [
      ...fresh.map((label) => `the enum ${name} got the value ${label}`),
      ...gone.map((label) => `the enum ${name} has the value ${label} no more`),
    ];
  });
}
