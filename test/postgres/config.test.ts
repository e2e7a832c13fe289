import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import {
  type PostgresConfigInput,
  postgresConfigSchema,
  resolveEndpoint,
  secretsOf,
} from '../../src/connectors/postgres/config.ts';
import { postgresConnector } from '../../src/connectors/postgres/connector.ts';
import { SecretText } from '../../src/protocol/secret.ts';

const parse = (config: Omit<PostgresConfigInput, 'connector'>) =>
  postgresConfigSchema.parse({ connector: 'postgres', ...config });

test('a URL and its parts say the same', () => {
  const endpoint = {
    host: 'db.example',
    port: 6432,
    database: 'my shop',
    user: 'app',
    password: 'p@ss',
    tls: null,
  };
  expect(resolveEndpoint(parse({ url: 'postgres://app:p%40ss@db.example:6432/my%20shop' }))).toMatchObject(
    endpoint,
  );
  const parts = {
    host: 'db.example',
    port: 6432,
    database: 'my shop',
    user: 'app',
    password: new SecretText('p@ss'),
  };
  expect(resolveEndpoint(parse(parts))).toMatchObject(endpoint);
  expect(resolveEndpoint(parse({ url: 'postgres://app@db.example/shop', port: 7000 }))).toMatchObject({
    port: 7000,
    database: 'shop',
  });
});

test('TLS is verified unless it is said otherwise', () => {
  const tls = (config: Omit<PostgresConfigInput, 'connector'>) => resolveEndpoint(parse(config)).tls;
  expect(tls({ url: 'postgres://a@h/d?sslmode=verify-full' })).toEqual({ rejectUnauthorized: true });
  expect(tls({ url: 'postgres://a@h/d?sslmode=require' })).toEqual({ rejectUnauthorized: false });
  expect(tls({ url: 'postgres://a@h/d', ssl: true })).toEqual({ rejectUnauthorized: true });
  expect(tls({ url: 'postgres://a@h/d', ssl: { ca: 'PEM' } })).toEqual({
    rejectUnauthorized: true,
    ca: 'PEM',
  });
});

test('faults are found with their path', () => {
  const faults = (config: object) =>
    postgresConfigSchema
      .safeParse({ connector: 'postgres', ...config })
      .error?.issues.map(({ path }) => path.join('.'));
  expect(faults({})).toEqual(['url']);
  expect(faults({ url: 'mysql://a@h/d' })).toEqual(['url']);
  expect(faults({ url: 'not a url' })).toEqual(['url']);
  expect(faults({ url: 'postgres://a@h/d?sslmode=verify_full' })).toEqual(['url']);
  expect(faults({ url: new SecretText('postgres://a@h/d?sslmode=') })).toEqual(['url']);
  expect(faults({ url: 'postgres://a@h/d?sslmode=verify-full&sslrootcert=ca.pem' })).toEqual(['url']);
  expect(faults({ url: 'postgres://a:b%zz@h/d' })).toEqual(['url']);
  expect(faults({ host: 'h', port: 0, maxRowBytes: 1 })).toEqual(['port', 'maxRowBytes']);
  expect(faults({ host: 'h', unknown: 1 })).toEqual(['']);
});

test('nothing secret is in the label, and the redactor knows it', () => {
  const config = parse({ url: new SecretText('postgres://app:pw-4711@db.example/shop') });
  expect(postgresConnector.label(config)).toBe('postgres://app@db.example:5432/shop');
  expect(inspect(config)).not.toContain('pw-4711');
  expect(secretsOf(config).map((secret) => secret.reveal())).toContain('pw-4711');
});
