import { postgresConfigSchema } from '../../../src/connectors/postgres/config.ts';
import { openPostgresFeed } from '../../../src/connectors/postgres/feed/open-feed.ts';

/** A feed's life in short: set up, remembers, tells a change, empties the log, is removed. */
const [url] = process.argv.slice(2);
const ended = new AbortController();
const { signal } = ended;
const config = postgresConfigSchema.parse({ connector: 'postgres', url, capture: { kind: 'triggers' } });
await using feed = await openPostgresFeed(config, {
  pipeline: 'shop',
  signal,
  lanes: 1,
  notice: () => undefined,
});
const request = { collections: [{ name: 'items', source: 'items', key: ['id'], columns: null }], signal };
await feed.prepare(request);
await feed.remember('word', { signal });
await feed.head('from', { signal });

const { default: pg } = await import('pg');
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query('INSERT INTO items VALUES (1) ON CONFLICT (id) DO UPDATE SET v = 1');
const isEmptied = async (): Promise<boolean> => {
  const { rows } = await client.query<{ low: string }>(
    `SELECT pg_sequence_last_value('lockstep.lowrow_shop') AS low`,
  );
  return Number(rows[0]?.low) > 0;
};
for await (const item of feed.open(new Map(), { ...request, byteBudget: 1 << 20 })) {
  if (item.kind === 'batch' && item.boundary !== null) feed.acknowledge('main', 0, item.boundary);
  if (await isEmptied()) break;
}
await client.end();
await feed.remove({ ...request, signal: new AbortController().signal });
