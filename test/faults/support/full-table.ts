/** A table whose server has no room for more rows than these: what it would say, said by a trigger, where no small disk can be had. */
export interface FullTable {
  /** Makes room. */
  grow(rows: number): Promise<void>;
}

export async function fillTable(
  query: (sql: string) => Promise<unknown>,
  { table, rows }: { readonly table: string; readonly rows: number },
): Promise<FullTable> {
  await query(`CREATE SCHEMA disk; CREATE TABLE disk.room (rows bigint NOT NULL); INSERT INTO disk.room VALUES (${rows});
    CREATE FUNCTION disk.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT count(*) FROM ${table}) > (SELECT rows FROM disk.room) THEN
        RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file "base/5/16384": No space left on device';
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER room AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION disk.refuse()`);
  return { grow: async (to) => void (await query(`UPDATE disk.room SET rows = ${to}`)) };
}
