import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMongodb } from '../src/index.ts';
import { insertUsers, updateUser, usersFrom } from '../src/recipes/featbit-users/demo/bitsacco.ts';
import { setUpFeatBit } from '../src/recipes/featbit-users/demo/featbit.ts';
import { startMongo } from '../tools/servers/mongo.ts';
import { startedService } from './featbit-users/service.ts';
import { type Benchmark, type Contestant, contest } from './harness/benchmark.ts';

/** The recipe as an operator runs it: users of a Bitsacco become members of a FeatBit, and a start after a few have changed. */
export const benchmark: Benchmark = {
  async run({ quick, only, rounds, contestants, log }) {
    const users = quick ? 5_000 : 100_000;
    await using source = await startMongo();
    await using target = await startMongo();
    await using bitsacco = openMongodb({ url: source.url, database: 'test' });
    await using featbit = openMongodb({ url: target.url, database: 'featbit' });
    await insertUsers(bitsacco, usersFrom(1, users));
    const directory = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
    const environment = {
      BITSACCO_DATABASE_URL: source.url,
      FEATBIT_DATABASE_URL: target.url,
      STATE_DIRECTORY: join(directory, 'state'),
    };
    const empty = async (): Promise<void> => {
      await featbit.command({ dropDatabase: 1 });
      await rm(environment.STATE_DIRECTORY, { recursive: true, force: true });
      await setUpFeatBit(featbit, 'from 5.4.0');
    };
    const proof = async (): Promise<void> => {
      for (const collection of ['Users', 'WorkspaceUsers', 'OrganizationUsers']) {
        const { n } = await featbit.command({ count: collection, query: { lockstep: true } });
        if (n !== users) throw new Error(`${collection} has ${n} of ${users} users`);
      }
    };
    const run = () => startedService(environment, directory);
    const cases: Readonly<Record<string, () => Promise<void>>> = {
      'first-pass': empty,
      'restart-10-changed': async () => {
        const name = `changed ${performance.now()}`;
        for (let number = 1; number <= 10; number += 1)
          await updateUser(bitsacco, number, { 'profile.name': name });
      },
    };
    const reports = [];
    for (const [name, prepare] of Object.entries(cases)) {
      if (only !== null && only !== name) continue;
      const ours: Contestant = { name: 'ours', prepare, run, proof };
      const options = { rows: users, unit: 'users', rounds: rounds ?? (quick ? 1 : 3), missing: [], log };
      reports.push(await contest(name, [ours], { ...options, chosen: contestants }));
    }
    await rm(directory, { recursive: true, force: true });
    return { name: 'featbit-users', cases: reports, note };
  },
};

const note =
  'Two mongod, a replica set of one member each. From the start of `featbit:sync` (of Node) until it says that all users are as they should be: in `first-pass` FeatBit has none, and all are compared once more at the end; in `restart-10-changed` all are there, and ten have changed meanwhile. `restart-10-changed` follows `first-pass`.';
