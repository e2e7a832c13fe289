import { ask } from './ask.ts';

/**
 * Life goes on at the source: rows come, change, go, exchange unique values, refer to each other; poison appears and is cured. The same
 * salt changes the same source in the same way. A row that is poisoned was born so: what a target held before is then never in question.
 */
export async function changeSource(source: string, salt: string): Promise<void> {
  await ask(source, `BEGIN; ${[people, orders, notes, rest].map((part) => part(salt)).join('\n')} COMMIT`);
}

/** Some keys of a table, as the salt has them. */
const some = (
  from: { readonly table: string; readonly key?: string; readonly where?: string },
  count: number,
  salt: string,
): string => {
  const { table, key = 'id', where = 'true' } = from;
  return `SELECT ${key} FROM shop.${table} WHERE ${where} ORDER BY md5(${key}::text || '${salt}'), ${key} LIMIT ${count}`;
};

/** Values of a unique column move in a circle among some rows, by way of values that nobody has. */
const rotate = (
  from: { readonly table: string; readonly column: string; readonly aside: string },
  count: number,
  salt: string,
): string => `
  CREATE TEMPORARY TABLE circle ON COMMIT DROP AS
    SELECT id, coalesce(lead(${from.column}) OVER (ORDER BY id), first_value(${from.column}) OVER (ORDER BY id)) AS value
    FROM shop.${from.table} WHERE id IN (${some({ table: from.table }, count, salt)});
  UPDATE shop.${from.table} SET ${from.column} = ${from.aside} WHERE id IN (SELECT id FROM circle);
  UPDATE shop.${from.table} AS t SET ${from.column} = circle.value FROM circle WHERE circle.id = t.id;
  DROP TABLE circle;`;

const people = (salt: string): string => `
  ${rotate({ table: 'people', column: 'email', aside: `'aside ' || id` }, 3, salt)}
  ${rotate({ table: 'people', column: 'seat', aside: '-id' }, 4, salt)}
  INSERT INTO shop.people (email, seat, boss_id, name)
    SELECT '${salt}-' || i || '@example.com', (SELECT max(seat) FROM shop.people) + i, (${some({ table: 'people' }, 1, salt)}), '${salt}'
    FROM generate_series(1, 2) AS i;
  UPDATE shop.people AS one SET boss_id = other.id FROM shop.people AS other
    WHERE one.name = '${salt}' AND other.name = '${salt}' AND one.id <> other.id;
  DELETE FROM shop.people WHERE id IN (${some(
    {
      table: 'people',
      where:
        'id NOT IN (SELECT person_id FROM shop.orders) AND id NOT IN (SELECT boss_id FROM shop.people WHERE boss_id IS NOT NULL)',
    },
    1,
    salt,
  )});`;

const orders = (salt: string): string => `
  ${rotate({ table: 'orders', column: 'number', aside: '-number' }, 4, salt)}
  INSERT INTO shop.orders SELECT md5('${salt}' || i)::uuid, (SELECT max(number) FROM shop.orders) + i,
    (${some({ table: 'people' }, 1, `${salt}o`)}), i, timestamptz '2026-02-01' FROM generate_series(1, 3) AS i;
  UPDATE shop.orders SET total = total + 1 WHERE id IN (${some({ table: 'orders' }, 3, salt)});
  INSERT INTO shop.lines SELECT id, 100, '${salt}' FROM shop.orders WHERE id IN (${some({ table: 'orders' }, 3, salt)}) ON CONFLICT DO NOTHING;
  DELETE FROM shop.orders WHERE id IN (${some({ table: 'orders' }, 2, `${salt}d`)});`;

const notes = (salt: string): string => `
  INSERT INTO shop.notes VALUES ('${salt}', 'body'), ('bad ${salt}', 'poison');
  INSERT INTO shop.comments SELECT (SELECT max(id) FROM shop.comments) + row_number() OVER (ORDER BY code), code, '${salt}'
    FROM shop.notes WHERE code IN ('${salt}', 'bad ${salt}');
  UPDATE shop.notes SET body = 'cured' WHERE code IN (${some({ table: 'notes', key: 'code', where: `body = 'poison'` }, 1, salt)});
  UPDATE shop.notes SET body = '${salt}' WHERE code IN (${some({ table: 'notes', key: 'code', where: `body <> 'poison'` }, 3, salt)});
  DELETE FROM shop.comments WHERE id IN (${some({ table: 'comments' }, 2, salt)});
  INSERT INTO shop.likes SELECT (SELECT max(id) FROM shop.likes) + 1, '${salt}';`;

const rest = (salt: string): string => `
  UPDATE shop.prices SET amount = amount + 0.10 WHERE id IN (${some({ table: 'prices' }, 5, salt)});
  DELETE FROM shop.prices WHERE id IN (${some({ table: 'prices' }, 1, `${salt}d`)});
  INSERT INTO shop.prices SELECT max(id) + 1, 1.0 FROM shop.prices;
  INSERT INTO shop.readings VALUES (timestamptz '2026-03-01', 1.5, '${salt}'), (timestamptz '2026-03-01', 1.5, '${salt}');
  INSERT INTO shop.tags SELECT least(min(id), 0) - 1, 'new' FROM shop.tags;
  INSERT INTO shop.tags SELECT least(min(id), 0) - 1, 'broken' FROM shop.tags;
  UPDATE shop.tags SET label = 'mended' WHERE id IN (${some({ table: 'tags', where: `label = 'broken'` }, 1, salt)});
  UPDATE shop.tags SET label = CASE label WHEN 'hidden' THEN 'seen' ELSE 'hidden' END
    WHERE id IN (${some({ table: 'tags', where: `label <> 'broken' AND id < 1000` }, 3, salt)});
  UPDATE shop.archive SET body = '${salt}' WHERE id IN (${some({ table: 'archive' }, 2, salt)});
  INSERT INTO shop.archive SELECT greatest(max(id), 1000) + 1, '${salt}' FROM shop.archive;
  INSERT INTO shop.visits SELECT max(id) + 1, '${salt}' FROM shop.visits;
  DELETE FROM shop.visits WHERE id IN (${some({ table: 'visits' }, 2, salt)});`;
