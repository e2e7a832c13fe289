const tables = ['people', 'orders', 'lines', 'prices', 'notes', 'comments', 'likes', 'tags', 'archive'];

/** Each table of the source gets the time of its last change, set by the database; those that the target has get a column for it. */
export const incrementalSource = `
  CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.changed_at = now(); RETURN NEW; END $$;
  ${tables
    .map(
      (table) => `
  ALTER TABLE shop.${table} ADD changed_at timestamptz NOT NULL DEFAULT now();
  CREATE INDEX ON shop.${table} (changed_at);
  CREATE TRIGGER stamp BEFORE UPDATE ON shop.${table} FOR EACH ROW EXECUTE FUNCTION shop.stamp();`,
    )
    .join('')}`;

export const incrementalTarget = ['people', 'prices', 'notes', 'comments', 'archive']
  .map((table) => `ALTER TABLE shop.${table} ADD changed_at timestamptz;`)
  .join('\n');

export const emptyLikes = 'TRUNCATE shop.likes';
