import { describe, expect, it } from 'vitest';
import type { EventMap } from '../../src/protocol/events.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openLivePair } from './live-pair.ts';

type Side = EventMap['connections']['side'];

const ours = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep%'`;
const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep%'`;

describe.each(['logical', 'triggers'] as const)('connections, %s', (capture) => {
  it('tells how many the servers count, when some are cut too, and none at the end', async () => {
    await using pair = await openLivePair({ capture });
    for (const side of [pair.source, pair.target]) await side.query('CREATE TABLE t (id int PRIMARY KEY)');
    await pair.source.query('INSERT INTO t SELECT generate_series(1, 5000)');
    await using running = await pair.begin({ collections: ['t'] });
    const told = new Map<Side, EventMap['connections']>();
    running.engine.events.on('connections', (event) => void told.set(event.side, event));
    await running.caughtUp();
    const agree = (side: Side, server: TestDatabase) =>
      running.until(`the ${side} agrees`, async () => {
        const { rows } = await server.query<{ count: number }>(ours);
        return rows[0]?.count === told.get(side)?.open;
      });
    await agree('source', pair.source);
    await agree('destination', pair.target);
    expect(told.get('source')?.open).toBeGreaterThan(1);
    expect(told.get('source')?.inUse).toBeGreaterThan(0);
    await pair.source.query(cut);
    await pair.target.query(cut);
    await pair.source.query('INSERT INTO t VALUES (0)');
    await running.until('it goes on', async () => {
      const { rows } = await pair.target.query('SELECT FROM t WHERE id = 0');
      return rows.length === 1;
    });
    await agree('source', pair.source);
    await agree('destination', pair.target);
    await running.stop();
    expect([...told.values()].map(({ open }) => open)).toEqual([0, 0]);
  });

  it('counts those of a verb beside the stream with the stream’s, and then the stream’s alone', async () => {
    await using pair = await openLivePair({ capture });
    for (const side of [pair.source, pair.target]) await side.query('CREATE TABLE t (id int PRIMARY KEY)');
    await using running = await pair.start({ collections: ['t'] });
    const opens: number[] = [];
    running.engine.events.on('connections', ({ side, open }) => {
      if (side === 'destination') opens.push(open);
    });
    const count = async () => (await pair.target.query<{ count: number }>(ours)).rows[0]?.count ?? 0;
    const before = await count();
    // The verb waits, so that its connections are open when they are told.
    const holder = await pair.target.connect();
    await holder.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    const verifying = running.engine.verify('it');
    await running.until('both are told', async () => {
      const now = await count();
      return now > before && opens.at(-1) === now;
    });
    await holder.query('COMMIT');
    expect(await verifying).toMatchObject({ equal: true });
    await running.until('the stream’s are told', async () => opens.at(-1) === (await count()));
    expect(Math.min(...opens)).toBeGreaterThan(0);
    await running.stop();
    expect(opens.at(-1)).toBe(0);
  });
});
