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
import { families } from '../../tools/docs/families.ts';
import { metricFamilies } from '../../tools/docs/metric-families.ts';
import { runChild } from '../support/child.ts';

const root = new URL('../../', import.meta.url);
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
