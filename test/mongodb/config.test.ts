import { expect, test } from 'vitest';
import { mongodbConfigSchema, resolveEndpoint, secretsOf } from '../../src/connectors/mongodb/config.ts';
import { mongodbConnector } from '../../src/connectors/mongodb/connector.ts';
import { SecretText } from '../../src/protocol/secret.ts';

const parse = (config: object) => mongodbConfigSchema.parse({ connector: 'mongodb', ...config });

test('hosts, user and database are told, the password never', () => {
  const config = parse({ url: 'mongodb://ann:p%40ss@a:1,b:2/shop?authSource=admin' });
  expect(resolveEndpoint(config)).toMatchObject({ user: 'ann', database: 'shop', address: 'a:1,b:2/shop' });
  expect(mongodbConnector.label(config)).toBe('mongodb://ann@a:1,b:2/shop');
  expect(secretsOf(config).map((secret) => secret.reveal())).toEqual(['p@ss']);
});

test('a url that is secret is one as a whole, with the passwords in it', () => {
  const url = new SecretText('mongodb://ann:one@a/shop?tlsCertificateKeyFilePassword=two');
  expect(secretsOf(parse({ url })).map((secret) => secret.reveal())).toEqual([url.reveal(), 'one', 'two']);
});

test('the database may be named beside the url, and has to be somewhere', () => {
  expect(resolveEndpoint(parse({ url: 'mongodb://a/other', database: 'shop' })).database).toBe('shop');
  const { error } = mongodbConfigSchema.safeParse({ connector: 'mongodb', url: 'mongodb://a:1' });
  expect(error?.issues).toMatchObject([
    { path: ['database'], message: 'is missing, and the url names none' },
  ]);
});

test('what is no url of MongoDB is refused without being shown', () => {
  const { error } = mongodbConfigSchema.safeParse({
    connector: 'mongodb',
    url: 'postgres://ann:pass@a/shop',
  });
  expect(error?.issues[0]?.message).toContain('must be a URL: mongodb://');
  expect(JSON.stringify(error?.issues)).not.toContain('pass@');
});
