import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { start } from '../../src/cli/commands/start.ts';
import { runChild } from '../support/child.ts';

const root = new URL('../../', import.meta.url);
const file = (name: string) => readFile(new URL(name, root), 'utf8');
const isThere = (name: string) => existsSync(new URL(name, root));

interface Service {
  readonly image?: string;
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
  readonly depends_on?: object;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = async (): Promise<Compose> => parse(await file('deploy/compose.yaml'), { merge: true });

test('compose binds to this machine only, and passes secrets by files', async () => {
  const { services } = await compose();
  const all = Object.values(services);
  expect(Object.keys(services)).toEqual(['lockstep', 'source', 'target', 'prometheus', 'grafana']);
  for (const port of all.flatMap(({ ports = [] }) => ports)) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  for (const [name, value] of all.flatMap(({ environment = {} }) => Object.entries(environment))) {
    if (/PASSWORD|TOKEN|KEY|SECRET/.test(name)) expect(name, value).toMatch(/_FILE$/);
    if (name.endsWith('_FILE')) expect(value).toMatch(/^\/run\/secrets\/\w+$/);
  }
});

test('everything that compose names is there', async () => {
  const { services, secrets, volumes } = await compose();
  for (const [name, service] of Object.entries(services)) {
    expect(
      (service.secrets ?? []).filter((secret) => !(secret in secrets)),
      name,
    ).toEqual([]);
    const files = Object.values(service.environment ?? {}).filter((value) => value.startsWith('/run/'));
    expect(files.filter((path) => !(service.secrets ?? []).includes(path.split('/').at(-1) ?? ''))).toEqual(
      [],
    );
    for (const volume of service.volumes ?? []) {
      const [from = ''] = volume.split(':');
      if (from.startsWith('.')) expect(isThere(join('deploy', from)), volume).toBe(true);
      else expect(Object.keys(volumes)).toContain(from);
    }
    const needs = Array.isArray(service.depends_on)
      ? service.depends_on
      : Object.keys(service.depends_on ?? {});
    expect(needs.filter((each) => !(String(each) in services))).toEqual([]);
  }
  expect(services['lockstep']).toMatchObject({ read_only: true, stop_grace_period: '45s' });
});

test('secrets that lie beside the compose file stay out of the repository and of the image', async () => {
  const { secrets } = await compose();
  for (const { file: path } of Object.values(secrets)) expect(path).toMatch(/^\.\/secrets\/\w+$/);
  expect((await file('deploy/secrets/.gitignore')).split('\n')).toContain('*');
  expect(await file('.dockerignore')).not.toMatch(/^!deploy/m);
});

test('the configuration of compose is one', async () => {
  const variables = {
    SOURCE_PASSWORD: 'one-password',
    TARGET_PASSWORD: 'another',
    LOCKSTEP_STORE_KEY: Buffer.alloc(32).toString('base64'),
  };
  const { stdout, stderr } = await runChild({
    file: fileURLToPath(new URL('load-program.ts', import.meta.url)),
    args: [fileURLToPath(new URL('deploy/lockstep.config.ts', root))],
    env: variables,
  });
  expect(stderr).toBe('');
  const { services } = await compose();
  const given = Object.keys(services['lockstep']?.environment ?? {}).map((name) =>
    name.replace(/_FILE$/, ''),
  );
  expect(Object.keys(variables).filter((name) => !given.includes(name))).toEqual([]);
  expect(JSON.parse(stdout)).toEqual({
    store: '/var/lib/lockstep/lockstep.db',
    sides: [[expect.stringContaining('source'), expect.stringContaining('target')]],
  });
});

/** Instructions with their arguments, continued lines joined. */
async function dockerfile(): Promise<readonly { readonly word: string; readonly rest: string }[]> {
  const text = (await file('deploy/Dockerfile')).replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, ' ');
  return text.split('\n').flatMap((line) => {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return word === undefined || rest === undefined ? [] : [{ word, rest }];
  });
}

test('the image runs as nobody special, is watched, and is built from what its context has', async () => {
  const steps = await dockerfile();
  const last = (word: string) => steps.findLast((step) => step.word === word)?.rest ?? '';
  expect(steps.filter(({ word }) => word === 'FROM').map(({ rest }) => rest)).toEqual([
    'node:24-slim AS build',
    'node:24-slim',
  ]);
  expect(last('USER')).toBe('node');
  expect(last('VOLUME')).toBe('/var/lib/lockstep');
  expect(last('HEALTHCHECK')).toContain('/healthz');
  expect(last('ENTRYPOINT')).toMatch(/^\["tini", "--", "node", /);
  const allowed = (await file('.dockerignore'))
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const copied = steps
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from'))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
  expect(copied.filter((path) => !isThere(path))).toEqual([]);
  expect(copied.map((path) => normalize(path)).filter((path) => !allowed.includes(path))).toEqual([]);
  const command: readonly string[] = JSON.parse(last('CMD'));
  expect(command[0]).toBe(start.name);
  expect(start.options?.some(({ flags }) => flags.startsWith(`${command[1]} `))).toBe(true);
});

const unit = async (): Promise<ReadonlyMap<string, string>> =>
  new Map(
    (await file('deploy/lockstep.service')).split('\n').flatMap((line) => {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
  );

test('the unit leaves time to drain and is not started again for a wrong configuration', async () => {
  const settings = await unit();
  // Draining takes up to 20 s, closing the server 2 s.
  expect(Number(settings.get('TimeoutStopSec'))).toBeGreaterThan(30);
  expect(settings.get('RestartPreventExitStatus')).toBe('3');
  expect(settings.get('ExecStart')).toMatch(/\/bin\/lockstep\.mjs start$/);
  for (const key of ['NoNewPrivileges', 'PrivateTmp', 'ProtectHome']) expect(settings.get(key)).toBe('yes');
});

/** Machines without systemd have nothing that could judge the unit; the tests above read it everywhere. */
const analyze = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((path) => existsSync(path));

test.skipIf(analyze === undefined)('systemd finds nothing wrong with the unit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-unit-'));
  try {
    const path = join(directory, 'lockstep.service');
    // It looks whether the program is there, which it need not be here.
    await writeFile(path, (await file('deploy/lockstep.service')).replace('/usr/bin/node', '/bin/sh'));
    const said = execFileSync(analyze ?? '', ['verify', '--man=no', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(said).toBe('');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
