import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/table.ts';
import { postgresConfigSchema } from '../../src/connectors/postgres/config.ts';
import { catalogue } from '../../src/protocol/errors/catalogue.ts';
import { exitCodes } from '../../src/protocol/errors/error-class.ts';
import { metricsCatalogue } from '../../src/server/metrics/catalogue.ts';
import { configurationSchema, pipelineSchema } from '../../src/service/config/schema.ts';
import { keyPaths } from '../../src/service/config/schema-tree.ts';
import { createLockstep } from '../../src/service/create-lockstep.ts';
import { families } from '../../tools/docs/families.ts';
import { metricFamilies } from '../../tools/docs/metric-families.ts';
import { runChild } from '../support/child.ts';

const root = new URL('../../', import.meta.url);
const side = { connector: 'postgres', host: '127.0.0.1' } as const;
const shop = { source: side, destination: side, collections: ['orders'] };
const page = (name: string) => readFile(new URL(`docs/reference/${name}`, root), 'utf8');

test('the pages of errors and metrics are what the code says', async () => {
  const { code, stderr } = await runChild({
    file: fileURLToPath(new URL('tools/docs/main.ts', root)),
    args: ['--check'],
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('the generator knows every family of errors', () => {
  const known = families.flatMap((family) => Object.keys(family.entries));
  expect(known.sort()).toEqual(Object.keys(catalogue).sort());
});

test('the generator knows every metric', () => {
  const known = metricFamilies.flatMap((family) => Object.keys(family.metrics));
  expect(known.sort()).toEqual(Object.keys(metricsCatalogue).sort());
});

test('every key of the schemas is on the configuration page', async () => {
  const pipeline = pipelineSchema({ source: postgresConfigSchema, destination: postgresConfigSchema });
  const keys = keyPaths(configurationSchema({ shop: pipeline })).map((path) => path.split('.').at(-1) ?? '');
  const documented = new Set(
    [...(await page('configuration.md')).matchAll(/`[^`\n]+`/g)].flatMap(
      ([code]) => code.match(/\w+/g) ?? [],
    ),
  );
  const undocumented = [...new Set(keys)].filter(
    (key) => key !== '*' && key !== 'shop' && !documented.has(key),
  );
  expect(keys.length).toBeGreaterThan(60);
  expect(undocumented).toEqual([]);
});

test('every command, option and exit code is on the command line’s page', async () => {
  const text = await page('cli.md');
  const options = commands.flatMap((command) =>
    (command.options ?? []).map((option) => option.flags.split(' ')[0] ?? ''),
  );
  const wanted = [...commands.map((command) => `\`${command.name}\``), ...options];
  expect(wanted.filter((word) => !text.includes(word))).toEqual([]);
  expect(Object.values(exitCodes).filter((code) => !text.includes(`| ${code} |`))).toEqual([]);
});

test('every verb and event of an engine is on the library’s page', async () => {
  await using engine = await createLockstep({ pipelines: { shop } }, { env: {} });
  const verbs = Object.getOwnPropertyNames(Object.getPrototypeOf(engine)).filter(
    (name) => name !== 'constructor',
  );
  const source = await readFile(new URL('src/protocol/events.ts', root), 'utf8');
  const [map = ''] = /^export interface EventMap \{$.*?^\}$/ms.exec(source) ?? [];
  const events = [...map.matchAll(/^ {2}'?([a-z][a-z.-]+)'?: /gm)].map(([, name = '']) => name);
  expect([verbs.length > 20, events.length > 30]).toEqual([true, true]);
  const text = await page('library.md');
  expect(verbs.filter((name) => !new RegExp(`\`${name}[\`(]`).test(text))).toEqual([]);
  expect(events.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
