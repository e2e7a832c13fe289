import { readFileSync } from 'node:fs';
import { type Document, MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { commands } from '../../../src/recipes/featbit-users/commands/table.ts';
import { idOfNumber } from '../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { manifest } from '../../../src/recipes/featbit-users/manifest.ts';
import { inOurWords } from '../../../src/recipes/featbit-users/our-words.ts';
import { drainMs } from '../../../src/recipes/featbit-users/service.ts';
import { variables } from '../../../src/recipes/featbit-users/settings/variables.ts';
import { startMongo } from '../../../tools/servers/mongo.ts';
import { exportDocuments } from '../../support/mongo-export.ts';
import { eventually } from '../support/eventually.ts';
import { change, featbitId, insert, numbersIn, otherId, remove, users } from './support/people.ts';
import { openTown, type Town } from './support/town.ts';

const textOf = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const collections = [
  'Users',
  'WorkspaceUsers',
  'OrganizationUsers',
  'MemberPolicies',
  'EndUsers',
  'Policies',
];

const everything = async (town: Town): Promise<unknown> =>
  Promise.all(collections.map((name) => exportDocuments(town.featbit.db, name)));

/** Commands that need a configuration file. */
const theirs = /lockstep (?!featbit)[a-z]/;

describe('commands', { timeout: 90_000 }, () => {
  test('FB-30 seeding again and again, also beside the service, mends what differs and duplicates nothing', async () => {
    await using town = await openTown();
    await insert(town, users(1, 30));
    const counts = async (): Promise<readonly number[]> =>
      Promise.all(collections.map((name) => town.featbit.db.collection(name).countDocuments()));
    const seeded = await town.command('featbit:seed');
    expect(seeded.code).toBe(0);
    expect(seeded.stderr).toContain('Found 30 users to synchronize');
    expect(seeded.stderr).toContain('Full user synchronization completed');
    const after = await counts();
    expect(await numbersIn(town, 'Users')).toHaveLength(30);
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await counts()).toEqual(after);
    await change(town, 1, { 'profile.name': 'changed' });
    await remove(town, 2);
    await town.featbit.db.collection('OrganizationUsers').deleteMany({ lockstep: true });
    await insert(town, users(31, 31));
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await town.ofUser('Users', 1)).toMatchObject({ name: 'changed' });
    expect(await town.ofUser('Users', 2)).toMatchObject({ deleted: true });
    expect(await numbersIn(town, 'OrganizationUsers')).toHaveLength(30);
    await using service = await town.start();
    await town.featbit.db.collection('OrganizationUsers').deleteMany({ lockstep: true });
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await numbersIn(town, 'OrganizationUsers')).toHaveLength(30);
    await service.stop();
  });

  test('FB-30 seeding says what could not be compared, and exits as the engine’s own commands do', async () => {
    await using server = await startMongo({ arguments: ['--setParameter', 'enableTestCommands=1'] });
    await using town = await openTown({ featbitServer: server.url });
    await insert(town, users(1, 5));
    expect((await town.command('featbit:seed')).code).toBe(0);
    const { db } = town.featbit;
    // How often the collection is read by a pass that finds nothing to do: the last time is the comparison after it.
    await db.command({ profile: 2 });
    expect((await town.command('featbit:seed')).code).toBe(0);
    await db.command({ profile: 0 });
    const namespace = `${town.featbit.name}.MemberPolicies`;
    const reads = {
      ns: namespace,
      $or: ['find', 'aggregate'].map((name) => ({ [`command.${name}`]: { $exists: true } })),
    };
    const skip = (await db.collection('system.profile').countDocuments(reads)) - 1;
    await using client = new MongoClient(server.url);
    const data = { failCommands: ['find', 'aggregate'], namespace, errorCode: 13, appName: 'lockstep' };
    const refuse = () =>
      client.db('admin').command({ configureFailPoint: 'failCommand', mode: { skip }, data });
    await refuse();
    const { code, answer } = await town.command('featbit:seed');
    expect(answer.error).toBeUndefined();
    expect(answer.result).toMatchObject({
      equal: false,
      failures: [{ collection: 'MemberPolicies', code: 'permission-denied' }],
    });
    // As the engine's `verify` would: whoever runs it has to look after rights, not to try again.
    expect(code).toBe(4);
    await refuse();
    const { stdout } = await town.commandForPeople('featbit:seed');
    expect(stdout).toMatch(/^NOT in step$/m);
    expect(stdout).toMatch(/^MemberPolicies: could not be compared: permission-denied: /m);
  });

  test('FB-31 clean removes what we made, also what FeatBit wrote since, and nothing else', async () => {
    await using town = await openTown({ env: { FEATBIT_TARGET: 'both' } });
    const before = await everything(town);
    await insert(town, users(1, 20, { roles: [1] }));
    expect((await town.command('featbit:seed')).code).toBe(0);
    await remove(town, 1);
    expect((await town.command('featbit:seed')).code).toBe(0);
    await town.featbit.db
      .collection('Users')
      .updateOne({ name: 'User 5' }, { $unset: { lockstep: '', bitsaccoUser: '' } });
    const cleaned = await town.command('featbit:clean');
    expect(cleaned.code).toBe(0);
    expect(await everything(town)).toEqual(before);
    const left = (await town.featbit.db.listCollections().toArray()).map(({ name }) => name);
    expect(left.filter((name) => name.startsWith('lockstep'))).toEqual([]);
    expect(
      (await town.featbit.db.collection('Users').listIndexes().toArray()).map(({ name }) => name),
    ).toEqual(['_id_']);
    expect((await town.command('featbit:clean')).code).toBe(0);
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await numbersIn(town, 'Users')).toHaveLength(19);
  });

  test('FB-31 clean tells what it could not reach, and fails; a repeat goes on', async () => {
    await using town = await openTown();
    await insert(town, users(1, 5));
    expect((await town.command('featbit:seed')).code).toBe(0);
    await using server = await startMongo({ auth: true });
    {
      await using client = new MongoClient(server.url);
      await client.db('admin').command({ createUser: 'nobody', pwd: 'word', roles: [] });
    }
    const cleaned = await town.command('featbit:clean', {
      BITSACCO_DATABASE_URL: `mongodb://nobody:word@127.0.0.1:${server.port}/?authSource=admin`,
    });
    expect(cleaned.code).toBe(1);
    expect(cleaned.answer.result).toMatchObject({
      state: { left: [expect.stringContaining('lacks a right')] },
    });
    expect(await numbersIn(town, 'Users')).toEqual([]);
    expect((await town.command('featbit:clean')).code).toBe(0);
  });

  test('FB-4 workspace, organization and environment by id or key, needed when there are several', async () => {
    await using town = await openTown({ env: { FEATBIT_TARGET: 'both' } });
    await insert(town, users(1, 3));
    const { db } = town.featbit;
    const other = { workspace: otherId('workspace'), organization: otherId('organization') };
    await db.collection<Document>('Workspaces').insertOne({ _id: other.workspace, key: 'second' } as never);
    await db
      .collection<Document>('Organizations')
      .insertOne({ _id: other.organization, key: 'more', workspaceId: featbitId('workspace') } as never);
    await db
      .collection<Document>('Environments')
      .insertOne({ _id: otherId('environment'), key: 'dev', projectId: featbitId('project') } as never);
    const messageOf = async (env: Readonly<Record<string, string>>): Promise<string> => {
      const { code, answer } = await town.command('featbit:seed', env);
      expect(code).toBe(3);
      return answer.error?.message ?? '';
    };
    const nothing = await messageOf({});
    for (const name of ['FEATBIT_WORKSPACE', 'FEATBIT_ORGANIZATION', 'FEATBIT_ENVIRONMENT'])
      expect(nothing).toContain(`${name}: is needed`);
    expect(nothing).toContain('default-workspace');
    const wrong = await messageOf({
      FEATBIT_WORKSPACE: 'x',
      FEATBIT_ORGANIZATION: 'y',
      FEATBIT_ENVIRONMENT: 'z',
    });
    expect(wrong).toContain('there is no workspace with the id or key x');
    expect(wrong).toContain('there is no organization with the id or key y');
    expect(await numbersIn(town, 'Users')).toEqual([]);
    const right = {
      FEATBIT_WORKSPACE: 'default-workspace',
      FEATBIT_ORGANIZATION: String(other.organization),
      FEATBIT_ENVIRONMENT: 'dev',
    };
    // The environment belongs to a project of the other organization.
    expect(await messageOf(right)).toContain('FEATBIT_ENVIRONMENT');
    const { code } = await town.command('featbit:seed', { ...right, FEATBIT_TARGET: 'members' });
    expect(code).toBe(0);
    expect(await town.ofUser('OrganizationUsers', 1)).toMatchObject({ organizationId: other.organization });
  });

  test('FB-5 a version that is named counts more than what is found', async () => {
    await using town = await openTown({ version: 'before 5.4.0', env: { FEATBIT_VERSION: '5.4.1' } });
    await insert(town, users(1, 3));
    await town.featbit.db.createCollection('WorkspaceUsers');
    expect((await town.command('featbit:seed', { FEATBIT_VERSION: '5.3.9' })).code).toBe(0);
    expect(await town.ofUser('Users', 1)).toMatchObject({ workspaceId: featbitId('workspace') });
    expect(await numbersIn(town, 'WorkspaceUsers')).toEqual([]);
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await numbersIn(town, 'WorkspaceUsers')).toEqual([1, 2, 3]);
  });

  test('FB-38 who can’t be synchronized is listed and tried again, and what is to be done works here', async () => {
    await using town = await openTown();
    await insert(town, [...users(1, 5), { _id: 'no uuid', roles: [0] } as never]);
    await using service = await town.start();
    const found = await town.command('featbit-users letters');
    expect(found.code).toBe(2);
    expect(found.answer.result).toMatchObject({
      letters: expect.arrayContaining([expect.objectContaining({ collection: 'Users', key: '"no uuid"' })]),
    });
    expect((await town.commandForPeople('featbit-users letters')).stdout).toContain(
      'Users "no uuid" mapping-failed',
    );
    const status = await town.commandForPeople('featbit-users status');
    expect(status.code).toBe(2);
    expect(status.stdout).not.toMatch(theirs);
    expect((await town.command('featbit-users replay')).answer.result).toMatchObject({ state: 'done' });
    expect((await town.command('featbit-users letters')).code).toBe(2);
    await town.bitsacco.db.collection<Document>('usersdocuments').deleteOne({ _id: 'no uuid' as never });
    await eventually('nobody is left', async () => (await town.command('featbit-users letters')).code === 0);
    expect(service.logged('Status').filter((line) => theirs.test(JSON.stringify(line)))).toEqual([]);
    await service.stop();
    const stopped = await town.commandForPeople('featbit-users status');
    expect(stopped.stdout).toContain('lockstep featbit:sync');
  });

  test('FB-36 a source that reads empty deletes nobody until somebody approves', async () => {
    await using town = await openTown();
    await insert(town, [...users(1, 9), ...users(10, 10, { roles: [1] })]);
    await using service = await town.start();
    await service.stop();
    // As after a restore that went wrong: nobody deleted anybody.
    await town.bitsacco.db.collection('usersdocuments').drop();
    await town.bitsacco.db.createCollection('usersdocuments');
    await using again = town.begin();
    await again.says('Too many users would be marked as deleted');
    await again.says('Too many users would be removed from OrganizationUsers');
    await again.says('Too many users would be removed from MemberPolicies');
    for (const collection of ['Users', 'WorkspaceUsers', 'OrganizationUsers'])
      expect(await numbersIn(town, collection), collection).toHaveLength(10);
    expect(await numbersIn(town, 'MemberPolicies')).toEqual([10]);
    expect((await town.command('featbit-users status')).code).toBe(2);
    expect((await town.command('featbit-users approve')).code).toBe(0);
    await eventually('they are marked', async () => (await numbersIn(town, 'Users')).length === 0);
    await eventually('their memberships are gone', async () => {
      await town.command('featbit-users approve');
      return (await numbersIn(town, 'OrganizationUsers')).length === 0;
    });
    expect(again.logged(`Marked user ${idOfNumber(3)} as deleted`)).toHaveLength(1);
  });
});

test('FB-32 the commands are npm scripts of the same names, and the compose service runs the first', () => {
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    textOf('package.json'),
  );
  for (const name of ['featbit:sync', 'featbit:seed', 'featbit:clean']) {
    expect(scripts[name], name).toContain(`lockstep ${name}`);
    expect(Object.keys(manifest.commands.historicNames)).toContain(name);
  }
  const compose = textOf('deploy/featbit/compose.yaml');
  const service = compose.slice(compose.indexOf('  featbit-sync:'));
  expect(service).toMatch(/^ {2}featbit-sync:$/m);
  expect(service).toMatch(/command: \[?['"]?featbit:sync/);
  expect(service).toContain('restart: always');
  expect(service).toMatch(/depends_on:\s+mongodb:[\s\S]*featbit-api:/);
  for (const name of Object.keys(variables)) {
    const value = name === 'STATE_DIRECTORY' ? '/var/lib/lockstep' : `\${${name}:`;
    expect(service, name).toContain(`      ${name}: ${value}`);
  }
  expect(Number(/stop_grace_period: (\d+)s/.exec(service)?.[1]) * 1000).toBeGreaterThan(drainMs);
});

test('FB-1 FB-32 the operator’s page names every variable with its default, and every command', () => {
  const page = textOf('docs/recipes/featbit-users.md');
  for (const [name, { preset }] of Object.entries(variables)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
    expect(row, name).toContain(preset === undefined ? 'needed' : preset === null ? 'none' : preset);
  }
  for (const name of [
    ...Object.keys(commands).filter((each) => !(`featbit:${each}` in manifest.commands.historicNames)),
    ...Object.keys(manifest.commands.historicNames),
  ])
    expect(page, name).toMatch(new RegExp(`^\\| \`[^|]*${name}`, 'm'));
});

test('FB-38 an error that tells what to do names commands of the recipe, for people and for programs', async () => {
  await using town = await openTown();
  await town.featbit.db.collection('Organizations').deleteMany({});
  for (const name of ['featbit-users check', 'featbit:seed']) {
    const shown = [await town.commandForPeople(name), await town.command(name)];
    for (const { code, stdout, stderr } of shown) {
      expect(code).toBe(3);
      expect(`${stdout}\n${stderr}`).toContain('`lockstep featbit-users check` shows them again');
      expect(`${stdout}\n${stderr}`).not.toMatch(theirs);
    }
  }
}, 60_000);

test('FB-38 next steps name commands of the recipe, whatever the engine calls them', () => {
  const told = {
    'Then: lockstep resync users Users': 'Then: lockstep featbit:seed',
    'goes on after `lockstep resync` of the collection':
      'goes on after `lockstep featbit:seed` of the collection',
    'run `lockstep verify --repair` afterwards': 'run `lockstep featbit:seed` afterwards',
    'lockstep start users': 'lockstep featbit:sync',
    'if they may go: lockstep approve users': 'if they may go: lockstep featbit-users approve',
    'lockstep dead-letters users list names keys': 'lockstep featbit-users letters names keys',
    'lockstep dead-letters users replay': 'lockstep featbit-users replay',
    '`lockstep plan` shows what it means': '`lockstep featbit-users check` shows what it means',
    'lockstep check users asks them': 'lockstep featbit-users check asks them',
    'lockstep featbit-users check': 'lockstep featbit-users check',
  };
  for (const [theirWords, ours] of Object.entries(told)) expect(inOurWords(theirWords)).toBe(ours);
});
