import { expect, test } from 'vitest';
import { isLockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import { resolveConfig } from '../../../src/service/config/resolve-config.ts';
import { env } from '../../../src/service/secrets/env-reference.ts';
import { openEnvironment } from '../../../src/service/secrets/environment.ts';

const side = { connector: 'postgres', url: 'postgres://app:pass@db.example/shop' };

function resolve(alerts: unknown, variables: Readonly<Record<string, string>> = {}, own: object = {}) {
  const environment = openEnvironment({ variables, cwd: '/', defaultEnvFile: '/nowhere/.env' });
  const shop = { source: side, destination: side, collections: ['orders'], ...own };
  return resolveConfig({ pipelines: { shop }, alerts }, { environment, directory: '/project', file: null });
}

async function faultsOf(alerts: unknown, own: object = {}): Promise<readonly string[]> {
  const error: unknown = await resolve(alerts, {}, own).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isLockstepError(error, 'config-invalid')) throw new Error(`expected faults, got ${String(error)}`);
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

const url = 'https://hooks.example/services/planted-canary';

test('targets are read, secrets are sealed, and so are the paths of their URLs', async () => {
  const { alerts, secrets } = await resolve(
    {
      targets: {
        mail: {
          kind: 'email',
          host: 'smtp.example',
          user: 'u',
          password: env('P'),
          from: 'a@b',
          to: ['c@d'],
        },
        safe: { kind: 'email', host: 'smtp.example', tls: 'implicit', from: 'a@b', to: ['c@d'] },
        chat: { kind: 'slack', url: env('CHAT') },
        pager: { kind: 'webhook', url, secret: 'signing-canary' },
      },
    },
    { P: 'mail-canary', CHAT: url },
  );
  expect(alerts).toMatchObject({
    settleMs: 120_000,
    lookEveryMs: 5000,
    words: expect.any(Function),
    timeoutMs: 10_000,
    retry: { initialDelayMs: 1000 },
  });
  expect(alerts.targets.get('mail')).toMatchObject({ port: 587, tls: 'starttls', login: { user: 'u' } });
  expect(alerts.targets.get('safe')).toMatchObject({ port: 465, login: null });
  expect(JSON.stringify([...alerts.targets])).not.toMatch(/canary/);
  const known = secrets.map((secret) => secret.reveal());
  for (const secret of ['mail-canary', 'signing-canary', url, '/services/planted-canary'])
    expect(known).toContain(secret);
});

test.each([
  [
    'an unknown kind',
    { targets: { a: { kind: 'sms' } } },
    'alerts.targets.a.kind: must be one of "email", "slack", "webhook"',
  ],
  [
    'a URL that is none',
    { targets: { a: { kind: 'slack', url: 'hooks.example' } } },
    'alerts.targets.a.url: must be a URL that begins with https:// or http://',
  ],
  [
    'no address',
    { targets: { a: { kind: 'email', host: 'h', from: 'f', to: [] } } },
    'alerts.targets.a.to: must not be empty',
  ],
  [
    'a bad name',
    { targets: { 'a/b': { kind: 'slack', url } } },
    'alerts.targets["a/b"]: must be named with 1 to 48 letters, digits, `-` or `_`',
  ],
  [
    'an unknown rule',
    { rules: { lagg: {} } },
    /^alerts\.rules\.lagg: is not a known key; did you mean lag\?/,
  ],
  [
    'an unknown key of a rule',
    { rules: { lag: { treshold: 1 } } },
    /^alerts\.rules\.lag\.treshold: is not a known key; did you mean threshold\?/,
  ],
  [
    'a bad severity',
    { rules: { lag: { severity: 'bad' } } },
    'alerts.rules.lag.severity: must be one of "warning", "critical"',
  ],
])('%s is a fault', async (_, alerts, fault) => {
  expect(await faultsOf(alerts)).toEqual([typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
});

test('a pipeline that names a target that there is not is a fault', async () => {
  const faults = await faultsOf(
    { targets: { chat: { kind: 'slack', url } } },
    { alerts: { targets: ['chta'] } },
  );
  expect(faults).toEqual([
    'pipelines.shop.alerts.targets[0]: is no target of `alerts.targets`; did you mean chat?',
  ]);
});
