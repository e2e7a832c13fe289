import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Run } from '../harness/benchmark.ts';
import type { ClientTools } from '../harness/client-tools.ts';
import { timeShell } from '../harness/shell.ts';
import type { Town } from './town.ts';

/** The mapping in SQL, as much of it as SQL can say shortly; what the peers bring into the chat. */
const mapped = `
SELECT id, id AS "externalId", concat_ws(' ', first_name, last_name) AS name, regexp_replace(phone, '\\D', '', 'g') AS phone,
  CASE WHEN email_verified THEN email END AS email, role::text AS role, profile_picture AS avatar,
  json_build_object('emailVerified', email_verified, 'phoneVerified', phone_verified, 'authProvider', auth_provider, 'googleId', google_id,
    'facebookId', facebook_id, 'status', status, 'customerPreferences', customer_preferences,
    'notificationSettings', json_build_object('app', notification_via_app, 'email', notification_via_email, 'sms', notification_via_sms),
    'termsAccepted', terms_and_conditions,
    'ratings', json_build_object('average', average_rating, 'total', total_ratings, 'hires', total_hires, 'views', total_views, 'lastHiredAt', last_hired_at),
    'verification', json_build_object('isVerified', is_verified, 'isFeatured', is_featured, 'searchBoost', search_boost),
    'bio', bio, 'hasPassword', coalesce(password <> '', false))::text AS "metaData",
  created_at AS "createdAt", first_name AS "firstName", last_name AS "lastName"
FROM users WHERE status = 'active'`;

const columns = [
  'id',
  'externalId',
  'name',
  'phone',
  'email',
  'role',
  'avatar',
  'metaData',
  'createdAt',
  'firstName',
  'lastName',
];
const quoted = columns.map((name) => `"${name}"`).join(', ');
const casts: Readonly<Record<string, string>> = { role: '::text::enum_users_role', metaData: '::json' };
const values = columns.map((name) => `s."${name}"${casts[name] ?? ''}`).join(', ');
const changing = columns.slice(1);
const sets = changing.map((name) => `"${name}" = s."${name}"${casts[name] ?? ''}`).join(', ');
const differs = changing.map((name) => `u."${name}"::text IS DISTINCT FROM s."${name}"::text`).join(' OR ');

/** One connection to either side, one statement for each user. */
export async function rowwise({ databases }: Town): Promise<Run> {
  const startedAt = performance.now();
  const source = new pg.Client({ connectionString: databases.source });
  const target = new pg.Client({ connectionString: databases.target });
  await Promise.all([source.connect(), target.connect()]);
  try {
    await source.query(`BEGIN; DECLARE everybody NO SCROLL CURSOR FOR ${mapped}`);
    for (;;) {
      const { rows } = await source.query<Record<string, unknown>>('FETCH 1000 FROM everybody');
      for (const row of rows) await target.query({ ...upsert, values: columns.map((name) => row[name]) });
      if (rows.length === 0) break;
    }
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: 0, peakRssMb: 0 };
}

const upsert = {
  name: 'upsert',
  text: `INSERT INTO users (${quoted}) VALUES (${columns.map((name, index) => `$${index + 1}${casts[name] ?? ''}`).join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${changing.map((name) => `"${name}" = EXCLUDED."${name}"`).join(', ')}`,
};

/** COPY through a pipe into a temporary table, then one statement for what differs and one for what is missing. */
export async function sql({ databases }: Town, tools: ClientTools): Promise<Run> {
  const out = join(databases.scratch, 'out.sql');
  const merge = join(databases.scratch, 'merge.sql');
  await writeFile(out, `COPY (${mapped}) TO STDOUT`);
  await writeFile(
    merge,
    `BEGIN; CREATE TEMP TABLE s (id uuid PRIMARY KEY, "externalId" uuid, name text, phone text, email text, role text, avatar text,
      "metaData" text, "createdAt" timestamptz, "firstName" text, "lastName" text) ON COMMIT DROP;
\\copy s FROM pstdin
ANALYZE s;
UPDATE users u SET ${sets} FROM s WHERE u.id = s.id AND (${differs});
INSERT INTO users (${quoted}) SELECT ${values} FROM s WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = s.id);
COMMIT;
`,
  );
  const seconds = await timeShell(
    `${tools.psql} '${databases.source}' -qXf ${out} | ${tools.psql} '${databases.target}' -qX -v ON_ERROR_STOP=1 -f ${merge}`,
  );
  return { seconds, cpuSeconds: 0, peakRssMb: 0 };
}
