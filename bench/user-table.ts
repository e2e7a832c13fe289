import type { Benchmark } from './harness/benchmark.ts';
import { latencyCase } from './user-table/latency-case.ts';
import { passCase } from './user-table/pass-case.ts';
import { Town } from './user-table/town.ts';

/** The recipe as an operator runs it: a full pass, and how long a change of the marketplace takes to be seen in the chat. */
export const benchmark: Benchmark = {
  async run(options) {
    await using town = await Town.start();
    const million = options.quick ? 20_000 : 1_000_000;
    const cases = [
      {
        name: 'pass-10k-empty',
        run: () =>
          passCase(town, { name: 'pass-10k-empty', users: 10_000, changed: null, byService: true }, options),
      },
      {
        name: 'pass-10k-empty-command',
        run: () => passCase(town, { name: 'pass-10k-empty-command', users: 10_000, changed: null }, options),
      },
      {
        name: 'pass-10k',
        run: () =>
          passCase(town, { name: 'pass-10k', users: 10_000, changed: 0.01, byService: true }, options),
      },
      {
        name: 'pass-1m',
        run: () =>
          passCase(town, { name: 'pass-1m', users: million, changed: 0.01, byService: true }, options),
      },
      {
        name: 'pass-1m-command',
        run: () => passCase(town, { name: 'pass-1m-command', users: million, changed: 0.01 }, options),
      },
      { name: 'latency', run: () => latencyCase(town, options) },
    ].filter(({ name }) => options.only === null || options.only === name);
    const reports = [];
    for (const { run } of cases) reports.push(await run());
    return { name: 'user-table', cases: reports, note };
  },
};

const note = `PostgreSQL 18, a server for either side, fsync and synchronous_commit on, data on disk. Every contestant brings the same marketplace into the same chat; \`pass-10k-empty\` fills an empty chat, as does \`pass-10k-empty-command\`; the others find one in which 1 % of the users differ. Ours: in \`pass-10k-empty\` the first copy of the service, in \`pass-10k\` and \`pass-1m\` a scheduled pass of the running service, as it says itself; else the command \`user-table bulk\` from its start (of Node) to its end, all users compared and what differs written. \`rowwise\`: one connection to either side, users read once, an INSERT … ON CONFLICT DO UPDATE for each, committed by itself (as the former program did, without its waiting). \`sql\`: COPY of the mapped users into a temporary table, one UPDATE and one INSERT of what differs, by psql. Latency: the service under 200 changes a second; from sending COMMIT at the marketplace until a reader of the chat sees it.`;
