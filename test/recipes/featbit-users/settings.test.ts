import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/recipes/featbit-users/settings/settings.ts';
import { variables } from '../../../src/recipes/featbit-users/settings/variables.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { expectEachFault, readingBy } from '../support/settings.ts';

const needed = {
  BITSACCO_DATABASE_URL: 'mongodb://reader:word-of-the-source@bitsacco:27017/?authSource=admin',
  FEATBIT_DATABASE_URL: 'mongodb://writer:word-of-the-target@featbit:27017/?authSource=admin',
};

const reading = readingBy(readSettings);
const { read, faultsOf } = reading;

test('FB-1 every variable of the contract is known, with its default', () => {
  const settings = read(needed);
  expect(settings).toMatchObject({
    bitsacco: { database: 'test', collection: 'usersdocuments' },
    featbit: { database: 'featbit' },
    workspace: null,
    organization: null,
    environment: null,
    target: 'members',
    hasWorkspaceUsers: null,
    capture: { kind: 'stream' },
  });
  expect(settings.bitsacco.url.reveal()).toBe(needed.BITSACCO_DATABASE_URL);
  expect(read({ ...needed, FEATBIT_CAPTURE: 'poll' }).capture).toEqual({ kind: 'poll', seconds: 30 });
  expect(read({ ...needed, FEATBIT_CAPTURE: 'poll', FEATBIT_POLL_SECONDS: '5' }).capture).toEqual({
    kind: 'poll',
    seconds: 5,
  });
});

test.each([
  ['5.3.2', false],
  ['5.4', true],
  ['5.4.0', true],
  ['6.0.0', true],
  ['4.9.9', false],
])('FB-5 with version %s there are workspace users: %s', (version, has) => {
  expect(read({ ...needed, FEATBIT_VERSION: version }).hasWorkspaceUsers).toBe(has);
});

/** What no variable of its kind may be. */
const wrong: Readonly<Record<string, readonly string[]>> = {
  integer: ['x', '1.5', '0', '-1', '86401', '1e3'],
  choice: ['something else'],
};

test('FB-2 each variable that is missing or malformed is a fault, and all are told at once', () => {
  expectEachFault(reading, { needed, variables, wrong, malformed: '\0 $' });
});

test('FB-3 secrets come from files too, and no fault and no print holds one', async () => {
  await using directory = await temporaryDirectory();
  writeFileSync(join(directory.path, 'url'), `${needed.BITSACCO_DATABASE_URL}\n`);
  const { BITSACCO_DATABASE_URL: _none, ...others } = needed;
  const settings = read({ ...others, BITSACCO_DATABASE_URL_FILE: 'url' }, directory.path);
  expect(settings.bitsacco.url.reveal()).toBe(needed.BITSACCO_DATABASE_URL);
  expect(JSON.stringify(settings)).not.toContain('word-of-the');
  expect(faultsOf({ ...needed, FEATBIT_DATABASE_URL: 'word-of-the-target' }).join()).not.toContain('word-of');
  for (const [name, variable] of Object.entries(variables))
    expect('secret' in variable, name).toBe(/_URL$/.test(name));
});
