import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/table.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep, startLockstep } from './lockstep.ts';

const config = (pipelines: string) => `
import { defineConfig, env } from 'lockstep';
const side = { connector: 'postgres', url: env('URL', { default: 'postgres://app@127.0.0.1:1/shop' }) } as const;
const pipeline = { source: side, destination: side, collections: ['orders'], retry: { attempts: 1 } };
export default defineConfig({ pipelines: { ${pipelines} } });
`;

test('--help names every command, and every command has help', async () => {
  await using directory = await temporaryDirectory();
  const help = await lockstep(['--help'], { cwd: directory.path });
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toMatchSnapshot();
  expect(await lockstep([], { cwd: directory.path })).toEqual(help);
  for (const command of commands) {
    const own = await lockstep([command.name, '--help'], { cwd: directory.path });
    expect(own).toMatchObject({ code: 0, stderr: '' });
    expect(own.stdout).toContain(`Usage: lockstep ${command.name}`);
    expect(own.stdout).toContain('--env-file <file>');
  }
});

test('--version is the package’s', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await lockstep(['--version'], { cwd: '/' })).toMatchObject({ code: 0, stdout: `${version}\n` });
});

const badArguments: readonly [readonly string[], string, string][] = [
  [['verfy'], "Unknown command 'verfy'", 'Did you mean verify?'],
  [['nonsense'], "Unknown command 'nonsense'", 'See `lockstep --help`.'],
  [['run', '--repiar'], "Unknown option '--repiar'", 'See `lockstep run --help`.'],
  [['generations', 'shop', 'rollback', '--keep'], "Unknown option '--keep'", 'Did you mean --keep-changed?'],
  [['generations', 'shop', 'promote', '0'], 'generations are numbered from 1', 'promote [NUMBER]'],
  [['secrets', 'generate', 'x'], "Too many arguments for 'secrets'", 'See `lockstep secrets --help`.'],
  [['verify', '--repiar'], "Unknown option '--repiar'", 'Did you mean --repair?'],
  [
    ['run', 'one', 'two'],
    "Too many arguments for 'run'. Expected 1 argument but got 2: one, two.",
    'See `lockstep run --help`.',
  ],
  [
    ['run', 'one', 'two', '--nope'],
    "Unknown option '--nope'; too many arguments for 'run'. Expected 1 argument but got 2: one, two.",
    'See `lockstep run --help`.',
  ],
  [
    ['--config', 'none', 'verify', 'shop', '--repiar', '--qiuet', '--no-wiat=7', 'x'],
    "Unknown option '--repiar'; unknown option '--qiuet'; unknown option '--no-wiat'; too many arguments for 'verify'. Expected 1 argument but got 2: shop, x.",
    'Did you mean --repair and --quiet and --no-wait?',
  ],
  [['run', 'shop', '--lmit', '5'], "Unknown option '--lmit'\n", 'See `lockstep run --help`.'],
  [['check', '--config'], '--config needs a value before --json', 'See `lockstep --help`.'],
  [['run'], 'Which pipeline? There are: shop, stock', 'Name one of them after the command.'],
  [['remove', 'shop'], 'remove forgets everything about shop', 'add --yes'],
  [['verify', 'shop', '--no-wait'], '--no-wait needs --repair', 'Without --repair'],
  [['start', '--http', 'planted-canary:x'], '--http must be a port', '--http 0.0.0.0:7878'],
  [['start'], 'No pipeline of the configuration is live or has a schedule', 'set `mode: live`'],
  [
    ['start', 'shpo', 'stock'],
    'There is no pipeline shpo; did you mean shop?; stock is not live and has no schedule',
    'Pipelines that can be started: none',
  ],
  [['dead-letters', 'shop'], 'What is to be done? (there are: list, show, replay, discard)', 'show ID'],
  [
    ['dead-letters', 'shpo', 'lst', 'x', '--limit', 'y'],
    'There is no pipeline shpo; did you mean shop? (there are: shop, stock); lst is nothing that can be done; did you mean list?',
    'a letter’s number must be a whole number, not x',
  ],
  [['dead-letters', 'list'], 'Which pipeline? There are: shop, stock', 'show ID'],
  [['dead-letters', 'shop', 'show'], 'show takes one number', 'show ID'],
  [
    ['dead-letters', 'shop', 'list', '3', '--after', '-1x'],
    'list takes no numbers: show does; --after must',
    'ID',
  ],
  [['dead-letters', 'shop', 'discard'], 'discard takes either numbers, or --all, or --collection', 'discard'],
  [['dead-letters', 'shop', 'replay', '3', '--all'], 'replay takes either numbers, or --all', 'replay'],
  [['demo', '--seconds', 'ten'], '--seconds must be a number from 1 to 86400', '--seconds 10'],
  [
    ['demo', 'quikstart'],
    'There is no recipe quikstart; did you mean quickstart?',
    'There are: featbit-users, quickstart',
  ],
  [
    ['init', '--source', 'planted-canary'],
    '--source is not a URL that a connector knows',
    'postgres://user:password@host',
  ],
];

test.each(badArguments)('%j is a usage error', async (args, detail, hint) => {
  await using directory = await temporaryDirectory({
    'lockstep.config.ts': config('shop: pipeline, stock: pipeline'),
  });
  const result = await lockstep([...args, '--json'], { cwd: directory.path });
  expect(result.code).toBe(3);
  expect(result.stderr).toContain(`error usage: ${detail}`);
  expect(result.stderr).toContain(hint);
  expect(result.stderr).not.toContain('    at ');
  expect(result.stdout + result.stderr).not.toContain('planted-canary');
  expect(answerOf(result)).toMatchObject({ ok: false, error: { code: 'usage', class: 'configuration' } });
});

test('an unknown pipeline is told with the nearest name', async () => {
  await using directory = await temporaryDirectory({
    'lockstep.config.ts': config('shop: pipeline, stock: pipeline'),
  });
  const result = await lockstep(['status', 'shpo'], { cwd: directory.path });
  expect(result).toMatchObject({ code: 3, stdout: '' });
  expect(result.stderr).toContain(
    'error pipeline-unknown: There is no pipeline shpo; there are: shop, stock; did you mean shop?',
  );
});

test('an error has code, message, cause, cure and page, and a stack only on request', async () => {
  await using directory = await temporaryDirectory();
  const result = await lockstep(['check'], { cwd: directory.path });
  expect(result).toMatchObject({ code: 3, stdout: '' });
  expect(result.stderr.replaceAll(directory.path, '‹directory›')).toMatchSnapshot();
  const debugged = await lockstep(['check'], { cwd: directory.path, env: { LOCKSTEP_DEBUG: '1' } });
  expect(debugged.stderr).toContain('    at ');
});

test('a wrong configuration is told within a second, before anything is made', async () => {
  await using directory = await temporaryDirectory({
    'lockstep.config.ts': config('shop: { ...pipeline, lanse: 1 }'),
  });
  const result = await withinASecond(() => lockstep(['check', '--json'], { cwd: directory.path }));
  expect(result.code).toBe(3);
  expect(answerOf(result)).toMatchObject({ ok: false, command: 'check', error: { code: 'config-invalid' } });
  expect(result.stderr).toContain('pipelines.shop.lanse: is not a known key; did you mean lanes?');
  expect(await readdir(directory.path)).toEqual(['lockstep.config.ts']);
});

test.each(['check', 'plan', 'run', 'verify'])(
  '%s tells within a second that no server answers',
  async (command) => {
    await using directory = await temporaryDirectory({ 'lockstep.config.ts': config('shop: pipeline') });
    const result = await withinASecond(() => lockstep([command, '--json'], { cwd: directory.path }));
    expect(result.code).toBe(4);
    const docs = 'docs/reference/errors.md#connection-refused';
    expect(answerOf(result)).toMatchObject({
      ok: false,
      command,
      error: { code: 'connection-refused', docs },
    });
    expect(result.stderr, 'the other side').toContain('destination: No server answers');
  },
);

/**
 * A third of a second is usual. A machine that is busy with other tests makes every process slow: then what counts is a process that has
 * nothing to wait for, started right after.
 */
async function withinASecond<Result>(work: () => Promise<Result>, attempts = 5): Promise<Result> {
  const start = performance.now();
  const result = await work();
  const tookMs = performance.now() - start;
  if (tookMs < 1000 || tookMs < 4 * (await millisecondsOfHelp())) return result;
  if (attempts === 1) throw new Error('took longer than a second each time');
  return withinASecond(work, attempts - 1);
}

async function millisecondsOfHelp(): Promise<number> {
  const start = performance.now();
  await lockstep(['check', '--help'], { cwd: process.cwd() });
  return performance.now() - start;
}

const brokenFiles = [
  {
    what: 'a syntax error',
    name: 'lockstep.config.mjs',
    content: 'const url = "planted-canary;\nexport default',
    detail: /SyntaxError/,
  },
  {
    what: 'a syntax error in TypeScript',
    name: 'lockstep.config.ts',
    content: 'const url: = "planted-canary";',
    detail: /SyntaxError/,
  },
  {
    what: 'TypeScript that is more than types',
    name: 'lockstep.config.ts',
    content: 'enum A { "planted-canary" }',
    detail: /enum is not supported/,
  },
  {
    what: 'an import that does not resolve',
    name: 'lockstep.config.ts',
    content: "import 'no-such-package';",
    detail: /no-such-package/,
  },
  {
    what: 'an exception',
    name: 'lockstep.config.ts',
    content: '\nthrow new Error("bad " + process.env.URL);',
    detail: /bad \[secret\] \(line 2\)/,
  },
  {
    what: 'no default export',
    name: 'lockstep.config.ts',
    content: 'export const config = {};',
    detail: /it has no default export/,
  },
  {
    what: 'no JSON',
    name: 'lockstep.config.json',
    content: '{\n "url": "planted-canary" oops\n}',
    detail: /it is not JSON near line 2/,
  },
];

test.each(brokenFiles)(
  '$what in the configuration is told without its text',
  async ({ name, content, detail }) => {
    await using directory = await temporaryDirectory({ [name]: content });
    const result = await lockstep(['check', '--json'], {
      cwd: directory.path,
      env: { URL: 'planted-canary' },
    });
    expect(result.code).toBe(3);
    expect(answerOf(result)).toMatchObject({
      error: { code: 'config-unreadable', message: expect.stringMatching(detail) },
    });
    expect(result.stdout + result.stderr).not.toContain('planted-canary');
  },
);

test('a directory is no configuration', async () => {
  await using directory = await temporaryDirectory();
  const result = await lockstep(['check', '--json', '--config', '.'], { cwd: directory.path });
  expect(result.code).toBe(3);
  expect(answerOf(result)).toMatchObject({
    error: { code: 'config-unreadable', message: expect.stringMatching(/: it is a directory$/) },
  });
});

test('a configuration in any directory and any form of module imports lockstep, without a word on stderr', async () => {
  const body = config('shop: pipeline').replace('as const', '');
  for (const name of ['lockstep.config.ts', 'lockstep.config.mts', 'lockstep.config.mjs']) {
    await using directory = await temporaryDirectory({ [name]: body });
    expect(await lockstep(['status', '--quiet'], { cwd: directory.path })).toMatchObject({
      code: 0,
      stderr: '',
    });
  }
});

test('init writes what check then reads, and overwrites nothing unless told so', async () => {
  await using directory = await temporaryDirectory({ '.gitignore': 'node_modules/\n.env' });
  const urls = [
    '--source',
    "postgres://app:planted'canary@127.0.0.1:1/a",
    '--destination',
    'postgres://app:planted-canary@127.0.0.1:1/b',
  ];
  const written = await lockstep(['init', ...urls], { cwd: directory.path });
  expect(written).toMatchObject({ code: 0, stderr: '' });
  expect(written.stdout).not.toMatch(/planted/);
  expect(await readFile(join(directory.path, '.gitignore'), 'utf8')).toBe(
    'node_modules/\n.env\n.lockstep/\n',
  );
  expect((await stat(join(directory.path, '.env'))).mode & 0o777).toBe(0o600);

  const checked = await lockstep(['check', '--json'], { cwd: directory.path });
  expect(answerOf(checked)).toMatchObject({ error: { code: 'connection-refused' } });

  await directory.write('lockstep.config.ts', '// mine');
  const again = await lockstep(['init', ...urls], { cwd: directory.path });
  expect(again.code).toBe(3);
  expect(again.stderr).toContain('lockstep.config.ts and .env would be overwritten');
  expect(await readFile(join(directory.path, 'lockstep.config.ts'), 'utf8')).toBe('// mine');
  expect(await lockstep(['init', '--force', ...urls], { cwd: directory.path })).toMatchObject({ code: 0 });
});

test('init lets nobody else read a `.env` that it puts passwords into, and says so', async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write('.env', 'OTHER=1\n');
  await chmod(path, 0o644);
  const urls = ['--source', 'postgres://app:pw@127.0.0.1/a', '--destination', 'postgres://127.0.0.1/b'];
  const first = await lockstep(['init', ...urls], { cwd: directory.path });
  expect(first).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('others could read .env; now only you may'),
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toBe(
    "OTHER=1\nSOURCE_URL='postgres://app:pw@127.0.0.1/a'\nDESTINATION_URL='postgres://127.0.0.1/b'\n",
  );
  const shorter = ['--source', 'postgres://127.0.0.1/a', '--force'];
  const again = await lockstep(['init', ...shorter], { cwd: directory.path });
  expect([again.code, again.stdout]).toEqual([0, expect.not.stringContaining('others could read')]);
  expect(await readFile(path, 'utf8')).toBe(
    "OTHER=1\nDESTINATION_URL='postgres://127.0.0.1/b'\nSOURCE_URL='postgres://127.0.0.1/a'\n",
  );
});

test('the second Ctrl-C leaves at once', async () => {
  const endless = 'console.error("loading"); await new Promise((resolve) => setTimeout(resolve, 600_000));';
  await using directory = await temporaryDirectory({ 'lockstep.config.mjs': endless });
  await using child = startLockstep(['check'], { cwd: directory.path });
  await child.waitForLine('loading', { from: 'stderr' });
  process.kill(child.pid, 'SIGINT');
  await child.waitForLine('once more leaves at once', { from: 'stderr' });
  expect((await child.kill('SIGINT')).code).toBe(130);
});
