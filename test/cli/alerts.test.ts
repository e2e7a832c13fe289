import { expect, test } from 'vitest';
import { startHttpReceiver } from '../support/receivers/http-receiver.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep } from './lockstep.ts';

const config = `
import { defineConfig, env } from 'lockstep';
const side = { connector: 'postgres', url: 'postgres://app:pass@127.0.0.1:1/shop' } as const;
export default defineConfig({
  pipelines: { shop: { mode: 'live', source: side, destination: side, collections: ['orders'] } },
  alerts: {
    targets: {
      up: { kind: 'webhook', url: env('UP_URL') },
      down: { kind: 'slack', url: env('DOWN_URL') },
    },
    timeoutSeconds: 1,
  },
});
`;

test('`alerts test` says per target what happened, `alerts list` what fires, and no URL is shown', async () => {
  await using up = await startHttpReceiver();
  await using down = await startHttpReceiver({ kind: 'answer', status: 403 });
  await using directory = await temporaryDirectory({ 'lockstep.config.ts': config });
  const options = { cwd: directory.path, env: { UP_URL: up.url, DOWN_URL: down.url } };
  const tested = await lockstep(['alerts', 'test'], options);
  expect(tested.code).toBe(4);
  expect(tested.stdout).toBe('up (webhook): delivered\ndown (slack): not delivered: it answered 403\n');
  const json = await lockstep(['alerts', 'test', 'up', '--json'], options);
  expect(json.code).toBe(0);
  expect(answerOf(json)).toEqual({
    ok: true,
    command: 'alerts',
    result: [{ target: 'up', kind: 'webhook', delivered: true, detail: '' }],
  });
  expect(up.taken.map(({ body }) => body['state'])).toEqual(['test', 'test']);
  const listed = await lockstep(['alerts', 'list'], options);
  expect(listed).toMatchObject({ code: 0, stdout: 'shop: no alerts\n' });
  expect(await lockstep(['alerts'], options)).toMatchObject({ code: 0, stdout: listed.stdout });
  const unknown = await lockstep(['alerts', 'test', 'upp'], options);
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain('did you mean up?');
  const word = await lockstep(['alerts', 'lst'], options);
  expect(word.code).toBe(3);
  expect(word.stderr).toMatch(/alerts has no action lst; did you mean list\?/);
  for (const { stdout, stderr } of [tested, json, listed, unknown, word])
    expect(stdout + stderr).not.toContain('planted-path');
}, 60_000);
