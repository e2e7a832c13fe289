import { chmod } from 'node:fs/promises';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { startMongo } from '../../tools/servers/mongo.ts';
import { makeCertificate } from '../support/certificate.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { findingsOf, openMongoPair } from './pair.ts';

test('a certificate that nobody vouches for, one of another host and a server without TLS are each said to be TLS’ fault; with its authority all is well', async () => {
  const { key, cert } = makeCertificate();
  await using files = await temporaryDirectory({ 'server.pem': `${key}${cert}`, 'authority.pem': cert });
  // The server runs as another user.
  await chmod(files.path, 0o755);
  const options = ['--tlsMode', 'allowTLS', '--tlsCertificateKeyFile', `${files.path}/server.pem`];
  const withoutClients = [
    '--tlsAllowConnectionsWithoutCertificates',
    '--tlsCAFile',
    `${files.path}/authority.pem`,
  ];
  await using server = await startMongo({ arguments: [...options, ...withoutClients] });
  await using client = new MongoClient(server.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  await using pair = await openMongoPair();
  const at = (more: string, host = '127.0.0.1') => {
    const url = server.url
      .replace('127.0.0.1', host)
      .replace(/\/\?.*/, `/from?directConnection=true&tls=true${more}`);
    return { source: { connector: 'mongodb', url, connectTimeoutMs: 1_500 } } as const;
  };
  const trusted = `&tlsCAFile=${encodeURIComponent(`${files.path}/authority.pem`)}`;
  const settings = { collections: ['t'], create: true };
  const plain = {
    source: { connector: 'mongodb', url: `${pair.targetUrl}&tls=true`, connectTimeoutMs: 1_500 },
  } as const;
  for (const sides of [at(''), at(trusted, 'localhost'), plain]) {
    const engine = await pair.engine(settings, sides);
    await expect(engine.check('it'), sides.source.url).rejects.toMatchObject({ code: 'tls-failed' });
  }
  const engine = await pair.engine(settings, at(trusted));
  expect(await findingsOf(engine)).toEqual([]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
});
