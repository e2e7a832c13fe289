import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { lockstep } from './lockstep.ts';

/** Four secrets at every place that takes one; none may be seen, whatever goes wrong. */
const canaries = ['canary-in-url', 'canary p@ss', 'canary-ssl-key', 'canary-in-file'];

const config = (more: string) => `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    main: {
      source: {
        connector: 'postgres',
        url: 'postgres://app:canary-in-url@127.0.0.1:1/a',
        password: env('PASSWORD'),
        ssl: { key: 'canary-ssl-key' },
      },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: ['orders'],
      retry: { attempts: 1 },
      ${more}
    },
  },
});
`;

const failures: readonly [string, string, readonly string[]][] = [
  ['unreachable servers', '', ['check']],
  ['unreachable servers with stacks', '', ['run', '--json']],
  ['a plan', '', ['plan', '--json']],
  ['a comparison', '', ['verify', '--repair', '--json']],
  ['a status', '', ['status', '--json']],
  ['a removal', '', ['remove', '--yes', '--json']],
  ['faults beside secrets', "lanse: 1, mode: 'canary-in-url' as 'full',", ['check', '--json']],
  ['secrets at wrong places', "lanes: env('PASSWORD'), store: env('DESTINATION_URL'),", ['check', '--json']],
  [
    'secrets of a wrong kind',
    "source: { connector: 'postgres', url: { password: 'canary-in-url' } },",
    ['check', '--json'],
  ],
  [
    'a secret instead of a URL',
    "source: { connector: 'postgres', url: 'canary-in-url' },",
    ['check', '--json'],
  ],
  [
    'a URL of another scheme',
    "source: { connector: 'postgres', url: 'mysql://u:canary-in-url@h/d' },",
    ['check', '--json'],
  ],
  [
    'a secret as a host',
    "source: { connector: 'postgres', host: '127.0.0.1', port: 1, ssl: { ca: env('PASSWORD') } },",
    ['check'],
  ],
];

test.each(failures)('no secret is shown: %s (rule 8)', async (_, more, args) => {
  await using directory = await temporaryDirectory({
    'lockstep.config.ts': config(more),
    '.env': 'PASSWORD="canary p@ss"',
  });
  const file = await directory.write('url', 'postgres://app:canary-in-file@127.0.0.1:1/b\n');
  const env = { DESTINATION_URL_FILE: file, LOCKSTEP_DEBUG: '1' };
  const { stdout, stderr, code } = await lockstep(args, { cwd: directory.path, env });
  expect(code === 0).toBe(args[0] === 'status');
  const output = decodeURIComponent(stdout + stderr);
  expect(canaries.filter((canary) => output.includes(canary))).toEqual([]);
});
