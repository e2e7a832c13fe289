/** 16 columns of mixed types, about 300 bytes a row: 3 M rows are about 0.9 GB. */
export const wideColumns = `
  id bigint NOT NULL,
  customer uuid NOT NULL,
  email text NOT NULL,
  first_name text NOT NULL,
  last_name text NOT NULL,
  country char(2) NOT NULL,
  amount numeric(12,2) NOT NULL,
  quantity integer NOT NULL,
  rank smallint NOT NULL,
  active boolean NOT NULL,
  score double precision NOT NULL,
  born date,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  attributes jsonb NOT NULL,
  note text`;

export const wideRows = (rows: number): string => `
  SELECT i, md5(i::text)::uuid, 'user' || i || '@example.com', 'First' || (i % 5000), 'Family-' || (i % 70000),
    (ARRAY['de','ke','us','fr','ch'])[1 + i % 5], (i % 1000000) / 100.0, i % 1000, i % 300, i % 3 = 0, i / 7.0,
    CASE WHEN i % 10 = 0 THEN NULL ELSE date '1950-01-01' + (i % 20000)::int END,
    timestamptz '2020-01-01' + i * interval '17 seconds', timestamptz '2024-01-01' + i * interval '3.000007 seconds',
    jsonb_build_object('plan', (ARRAY['free','pro','team'])[1 + i % 3], 'visits', i % 977, 'tags', jsonb_build_array('a' || i % 9, 'b')),
    CASE WHEN i % 4 = 0 THEN NULL ELSE repeat('lorem ipsum ' || (i % 97) || ' ', 4) END
  FROM generate_series(1, ${rows}) AS i`;

/** What `configurations/mapped.ts` makes of them, said in SQL. */
export const wideMapped = `
  SELECT id, customer, upper(email), first_name || ' ' || last_name, last_name, country, amount, quantity + 1, rank, active, score, born,
    created_at, updated_at, attributes, note
  FROM bench WHERE id % 100 <> 0`;

export const narrowColumns = `
  id bigint NOT NULL,
  device integer NOT NULL,
  at timestamptz NOT NULL,
  value double precision NOT NULL`;

export const narrowRows = (rows: number): string => `
  SELECT i, i % 5000, timestamptz '2025-01-01' + i * interval '1 second', i / 3.0 FROM generate_series(1, ${rows}) AS i`;
