import { createHash } from 'node:crypto';
import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import type { Client } from '../../demo/servers.ts';

/** A line for each customer, made by PostgreSQL: a date of MongoDB ends at the millisecond. */
const rowLines = `
  SELECT concat_ws('|', id, email, name, standing, credit,
    (extract(epoch FROM date_trunc('milliseconds', joined_at)) * 1000)::bigint) AS line
  FROM shop.customers ORDER BY id`;

const text = (value: JsonDocument | string): JsonDocument => ({ $toString: value });

/** The same line, made by MongoDB. */
const documentLines: JsonDocument = {
  aggregate: 'customers',
  pipeline: [
    { $sort: { _id: 1 } },
    {
      $project: {
        line: {
          $concat: [
            ...[text('$_id'), '$email', '$name', '$account.standing', text('$account.credit')].flatMap(
              (part) => [part, '|'],
            ),
            text({ $toLong: '$joinedAt' }),
          ],
        },
      },
    },
  ],
  cursor: {},
};

/** Whether the documents hold what the rows do, by an ordered export of both sides, each made by its own server. */
export async function judgeDocuments(
  source: Client,
  database: MongodbDatabase,
): Promise<{ readonly count: number; readonly equal: boolean }> {
  const here = createHash('sha256');
  const { rows } = await source.query<{ line: string }>(rowLines);
  for (const { line } of rows) here.update(line).update('\n');
  const there = createHash('sha256');
  let count = 0;
  for await (const { line } of database.documents(documentLines)) {
    there.update(String(line)).update('\n');
    count += 1;
  }
  return { count, equal: count === rows.length && here.digest('hex') === there.digest('hex') };
}
