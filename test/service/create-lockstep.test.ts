import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  createLockstep,
  defineConfig,
  env,
  file,
  isLockstepError,
  type LockstepConfig,
} from '../../src/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const config = defineConfig({
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: env('URL') },
      destination: { connector: 'postgres', host: '127.0.0.1', port: 1 },
      collections: {
        orders: { map: (row) => (row['id'] === null ? null : { ...row, total: 0 }), mapVersion: '1' },
        customers: true,
      },
      lanes: env('LANES', { default: '3' }),
    },
  },
});

test('an engine from code knows its pipelines, and makes nothing until it is used', async () => {
  await using directory = await temporaryDirectory({ '.env': 'URL=postgres://app@127.0.0.1:1/a' });
  await using engine = await createLockstep(config, { directory: directory.path, env: {} });
  expect(engine.pipelines).toEqual(['shop']);
  expect(await readdir(directory.path)).toEqual(['.env']);
  expect(await engine.status()).toMatchObject([{ pipeline: 'shop', status: 'stopped', lastRun: null }]);
  await expect(engine.run('shpo')).rejects.toMatchObject({
    code: 'pipeline-unknown',
    message: expect.stringMatching(/did you mean shop/),
  });
});

test('the compiler knows the keys of a configuration', () => {
  const sides = {
    source: { connector: 'postgres', host: 'h' },
    destination: { connector: 'postgres', host: 'h' },
  } as const;
  const given = { ...sides, collections: ['orders'] } as const;
  // @ts-expect-error there is no such key
  defineConfig({ pipelines: { shop: { ...given, lane: 3 } } });
  // @ts-expect-error nor here
  defineConfig({ pipelines: { shop: { ...given, guard: { maxLeaving: 1 } } } });
  // @ts-expect-error nor here
  defineConfig({ pipelines: { shop: { ...sides, collections: { orders: { filtr: 'true' } } } } });
  // @ts-expect-error nor here
  defineConfig({ pipelines: { shop: { ...given, source: { connector: 'postgres', hots: 'h' } } } });
  // @ts-expect-error no such value
  defineConfig({ pipelines: { shop: { ...given, mode: 'ful' } } });
  const fromFile = { connector: 'postgres', url: file('url'), port: file('port') } as const;
  const sound: LockstepConfig = { pipelines: { shop: { ...given, source: fromFile } } };
  expect(defineConfig(sound)).toBe(sound);
});

test('a wrong configuration is refused as a whole', async () => {
  const wrong: unknown = { pipelines: { shop: { ...config.pipelines.shop, lanes: 'many', mode: 'fast' } } };
  const error = await createLockstep(wrong as LockstepConfig, { env: { URL: 'postgres://h/d' } }).catch(
    (thrown: unknown) => thrown,
  );
  expect(isLockstepError(error, 'config-invalid')).toBe(true);
  expect(error).toMatchObject({ exitCode: 3, details: { count: 2 } });
});

// That an error is expected is the assertion: the type check fails when there is none.
test('types refuse what the schema refuses', () => {
  // @ts-expect-error: there is no such mode
  defineConfig({ pipelines: { shop: { ...config.pipelines.shop, mode: 'fast' } } });
  // @ts-expect-error: which connector it is must be written out
  defineConfig({ pipelines: { shop: { ...config.pipelines.shop, source: { connector: env('KIND') } } } });
});
