import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep } from './lockstep.ts';

/** A configuration of these pipelines, which all read a database with `orders`. */
async function openShops(pipelines: (source: object, target: object) => object) {
  await using opened = new AsyncDisposableStack();
  const [source, target] = [
    opened.use(await createTestDatabase()),
    opened.use(await createTestDatabase()),
  ] as const;
  await source.query('CREATE TABLE orders (id int PRIMARY KEY)');
  const side = ({ url }: { readonly url: string }) => ({ connector: 'postgres', url });
  const config = `export default ${JSON.stringify({ pipelines: pipelines(side(source), side(target)) })};`;
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.mjs': config }));
  const kept = opened.move();
  return {
    check: (...args: readonly string[]) => lockstep(['check', ...args], { cwd: directory.path }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const away = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' };
const common = { collections: ['orders'], create: true };

test('pipelines whose servers are away keep nobody from hearing about the others', async () => {
  await using shops = await openShops((source, target) => ({
    first: { ...common, source: away, destination: target },
    second: { ...common, source, destination: target },
    third: { ...common, source, destination: away },
  }));
  const { code, stdout } = await shops.check();
  expect(code).toBe(4);
  expect(stdout).toMatch(/error {3}first: .*127\.0\.0\.1:1/);
  expect(stdout).toMatch(/errors\.md#connection-refused/);
  expect(stdout).toMatch(/^first: 1 error$/m);
  expect(stdout).toMatch(/^second: ready to run/m);
  expect(stdout).toMatch(/^third: 1 error$/m);
  const answer = answerOf(await shops.check('--json'));
  expect(answer).toMatchObject({
    ok: false,
    result: [
      {
        pipeline: 'first',
        ok: false,
        findings: [{ level: 'error', code: 'connection-refused', subject: 'first' }],
      },
      { pipeline: 'second', ok: true },
      { pipeline: 'third', ok: false, findings: [{ code: 'connection-refused' }] },
    ],
  });
});

test('the exit code is that of the worst, in whatever order: what has to be mended before what may pass', async () => {
  for (const order of [
    ['away', 'wrong'],
    ['wrong', 'away'],
  ]) {
    await using shops = await openShops((source, target) => {
      const pipelines = {
        away: { ...common, source: away, destination: target },
        wrong: { ...common, create: false, source, destination: target },
      };
      return Object.fromEntries(order.map((name) => [name, pipelines[name as keyof typeof pipelines]]));
    });
    const { code, stdout } = await shops.check();
    expect([code, stdout]).toEqual([3, expect.stringMatching(/collection-unknown/)]);
  }
});

test('one that is named, and the only one there is, ends with its own error', async () => {
  await using shops = await openShops((_, target) => ({
    only: { ...common, source: away, destination: target },
  }));
  for (const args of [[], ['only']])
    expect(await shops.check(...args)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('error connection-refused'),
    });
});
