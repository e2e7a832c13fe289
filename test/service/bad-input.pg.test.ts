import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLockstep, isLockstepError, type LockstepError } from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Sides extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
}

async function openSides(sourceSql: string, targetSql: string): Promise<Sides> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  await source.query(sourceSql);
  await target.query(targetSql);
  const kept = opened.move();
  return { source, target, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface Attempt {
  readonly source: string;
  readonly destination: string;
  readonly collections: unknown;
}

/** The error of `run`, and whether the target was touched on the way. */
async function failureOf({ source, destination, collections }: Attempt): Promise<LockstepError> {
  await using directory = await temporaryDirectory({});
  const pipeline = {
    source: { connector: 'postgres', url: source },
    destination: { connector: 'postgres', url: destination },
    collections,
    retry: { attempts: 1 },
  };
  const config = { pipelines: { shop: pipeline }, store: { path: `${directory.path}/lockstep.db` } };
  await using lockstep = await createLockstep(config as Parameters<typeof createLockstep>[0], { env: {} });
  const thrown: unknown = await lockstep.run('shop').then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isLockstepError(thrown)) throw new Error(`expected an error of ours, got ${String(thrown)}`);
  return thrown;
}

const people = 'CREATE TABLE people (id int PRIMARY KEY, name text, age int)';
const attempt = ({ source, target }: Sides, collections: unknown): Attempt => ({
  source: source.url,
  destination: target.url,
  collections,
});

describe('what is wrong is said before anything is touched (rule 9)', () => {
  it.each([
    [
      'an unknown collection, with the nearest',
      ['peopel'],
      /collection-unknown: .*peopel; did you mean public\.people/,
    ],
    [
      'an unknown column, with the nearest',
      { people: { columns: ['id', 'nmae'] } },
      /column-unknown: .*nmae; did you mean name/,
    ],
    [
      'a column that the target lacks',
      { people: { columns: { id: true, nick: 'name' } } },
      /column-unknown: public\.people has no column nick/,
    ],
    [
      'an expression with a syntax error',
      { people: { columns: { id: true, name: { expression: 'upper(' } } } },
      /expression-invalid: .*syntax error/,
    ],
    [
      'an expression with an unknown function',
      { people: { columns: { id: true, name: { expression: 'shout(name)' } } } },
      /expression-invalid: .*shout/,
    ],
    ['a filter that is no condition', { people: { filter: 'age +' } }, /expression-invalid: .*syntax error/],
    [
      'a scope that names what is not there',
      { people: { scope: { where: 'agee > 7' } } },
      /expression-invalid: public\.people: `scope\.where` is not understood by the destination: .*agee/,
    ],
    [
      'what leaving sets, where it is not there',
      { people: { leaving: { mark: { set: { goen: 'true' }, marked: 'age < 0', clear: {} } } } },
      /expression-invalid: public\.people: `set` of `leaving` .*goen/,
    ],
    [
      'a statement of leaving with a syntax error',
      { people: { leaving: { custom: { statement: 'DELET FROM people', absent: 'false' } } } },
      /expression-invalid: public\.people: `statement` of `leaving` .*syntax error/,
    ],
    ['a key that is not the source’s', { people: { key: ['age'] } }, /key-not-derivable: .*\(age\)/],
    [
      'a target that is not there',
      { people: { target: 'persons' } },
      /collection-unknown: The destination has no collection persons/,
    ],
    [
      'two collections with one target',
      { people: true, staff: { target: 'people' } },
      /target-shared: .*public\.people.*public\.staff/,
    ],
  ])('%s', async (_, collections, expected) => {
    await using sides = await openSides(
      `${people}; CREATE TABLE staff (id int PRIMARY KEY, name text, age int)`,
      people,
    );
    const error = await failureOf(attempt(sides, collections));
    expect(error.code).toBe('not-ready');
    expect(error.exitCode).toBe(3);
    expect(error.message).toMatch(expected);
    const { rows } = await sides.target.query(`SELECT to_regnamespace('lockstep') AS state`);
    expect(rows).toEqual([{ state: null }]);
  });

  it('knows names of other schemas', async () => {
    await using sides = await openSides(
      'CREATE SCHEMA sales; CREATE TABLE sales.orders (id int PRIMARY KEY)',
      '',
    );
    const error = await failureOf(attempt(sides, ['sales.ordres', 'orders']));
    expect(error.message).toMatch(/no collection sales\.ordres; did you mean sales\.orders\?/);
    expect(error.message).toMatch(/no collection orders; did you mean sales\.orders\?/);
  });

  it('names what is wrong with a mapping whose target is missing, too', async () => {
    await using sides = await openSides(people, '');
    const error = await failureOf(attempt(sides, { people: { columns: ['id', 'nmae'], key: ['idd'] } }));
    expect(error.message).toMatch(/The destination has no collection public\.people/);
    for (const column of ['nmae', 'idd'])
      expect(error.message).toMatch(new RegExp(`has no column ${column}`));
  });

  it('names everything at once', async () => {
    await using sides = await openSides(people, people);
    const error = await failureOf(attempt(sides, { people: { columns: ['id', 'nmae'] }, nothing: true }));
    expect(error.message).toMatch(/nmae/);
    expect(error.message).toMatch(/nothing/);
  });

  it('types that do not fit, and a target that requires what nobody maps', async () => {
    const narrow =
      'CREATE TABLE people (id int PRIMARY KEY, name varchar(3), age smallint, must text NOT NULL)';
    await using sides = await openSides(people, narrow);
    const error = await failureOf(attempt(sides, ['people']));
    expect(error.message).toMatch(/type-mismatch: public\.people\.name/);
    expect(error.message).toMatch(/type-mismatch: public\.people\.age/);
    expect(error.message).toMatch(/column-required: public\.people\.must/);
  });

  it('a target without a unique index on the key, with the statement that makes it', async () => {
    await using sides = await openSides(people, 'CREATE TABLE people (id int NOT NULL, name text, age int)');
    const error = await failureOf(attempt(sides, { people: { key: ['id'] } }));
    expect(error.message).toMatch(/key-not-unique/);
    expect(error.message).toMatch(/CREATE UNIQUE INDEX/);
  });

  it.each([
    ['default', {}],
    ['owned', { scope: 'owned' }],
  ])('a target without a key that holds rows of others, scope %s: nothing is touched', async (_, notes) => {
    const keyless = 'CREATE TABLE notes (text text)';
    await using sides = await openSides(
      `${people}; INSERT INTO people VALUES (1, 'a', 1); ${keyless}; INSERT INTO notes VALUES ('ours')`,
      `${people}; ${keyless}; INSERT INTO notes VALUES ('theirs')`,
    );
    const error = await failureOf(attempt(sides, { people: true, notes }));
    expect(error).toMatchObject({ code: 'not-ready', exitCode: 3 });
    expect(error.message).toMatch(/scope-needs-key: public\.notes has no key/);
    const { rows } = await sides.target.query(
      `SELECT to_regnamespace('lockstep') AS state, (SELECT count(*)::int FROM people) AS copied, (SELECT min(text) FROM notes) AS note`,
    );
    expect(rows).toEqual([{ state: null, copied: 0, note: 'theirs' }]);
    expect(await failureOf(attempt(sides, { people: true, notes: { scope: 'all' } })).catch(String)).toMatch(
      /got null/,
    );
  });

  it('source and destination that are the same table', async () => {
    await using sides = await openSides(people, people);
    const error = await failureOf({
      source: sides.source.url,
      destination: sides.source.url,
      collections: ['people'],
    });
    expect(error.message).toMatch(/same-collection: public\.people is source and target at once/);
  });
});

describe('servers that are not there, or not ours', () => {
  it.each([
    {
      what: 'nobody listens',
      spoil: (url: string) => url.replace(/:\d+\//, ':1/'),
      codes: ['retries-exhausted', 'connection-refused'],
    },
    {
      what: 'no such database',
      spoil: (url: string) => url.replace(/\/[^/]*$/, '/nowhere'),
      codes: ['database-unknown'],
    },
  ])('$what', async ({ spoil, codes }) => {
    await using sides = await openSides(people, people);
    const error = await failureOf({ ...attempt(sides, ['people']), source: spoil(sides.source.url) });
    expect(codes).toContain(error.code);
    expect(error.exitCode).toBe(4);
  });

  it('a wrong password, which is not told', async () => {
    await using sides = await openSides(people, people);
    const role = await sides.source.createRole({ password: 'right-horse' });
    const url = sides.source.urlFor({ user: role, password: 'wrong-battery' });
    const error = await failureOf({ ...attempt(sides, ['people']), source: url });
    expect(error.code).toBe('authentication-failed');
    expect(error.exitCode).toBe(4);
    expect(JSON.stringify({ ...error, message: error.message, cure: error.cure })).not.toContain(
      'wrong-battery',
    );
  });

  it('a web server', async () => {
    await using sides = await openSides(people, people);
    const web = createServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as AddressInfo;
    const error = await failureOf({
      ...attempt(sides, ['people']),
      source: `postgres://x@127.0.0.1:${port}/shop`,
    });
    web.close();
    expect(error.code).toBe('wrong-server');
    expect(error.exitCode).toBe(4);
  });

  it('a user without rights, with the grant to give', async () => {
    await using sides = await openSides(people, people);
    const role = await sides.source.createRole();
    const error = await failureOf({
      ...attempt(sides, ['people']),
      source: sides.source.urlFor({ user: role }),
    });
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(/permission-denied/);
    expect(error.message).toMatch(/GRANT SELECT/);
  });
});

describe('a target that somebody else filled', () => {
  it('is left alone by default, and `check` says so', async () => {
    await using sides = await openSides(
      `${people}; INSERT INTO people VALUES (1, 'a', 1)`,
      `${people}; INSERT INTO people VALUES (9, 'z', 9)`,
    );
    await using directory = await temporaryDirectory({});
    await using lockstep = await createLockstep(
      {
        store: { path: `${directory.path}/lockstep.db` },
        pipelines: {
          shop: {
            source: { connector: 'postgres', url: sides.source.url },
            destination: { connector: 'postgres', url: sides.target.url },
            collections: ['people'],
          },
        },
      },
      { env: {} },
    );
    const [check] = await lockstep.check('shop');
    expect(check?.ok).toBe(true);
    expect(check?.findings.map(({ code, level }) => [code, level])).toContainEqual([
      'target-not-ours',
      'warning',
    ]);
    await lockstep.run('shop');
    const { rows } = await sides.target.query('SELECT id FROM people ORDER BY id');
    expect(rows).toEqual([{ id: 1 }, { id: 9 }]);
  });
});
