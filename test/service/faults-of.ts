import { expect } from 'vitest';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { resolveConfig } from '../../src/service/config/resolve-config.ts';
import { openEnvironment } from '../../src/service/secrets/environment.ts';

const environment = (variables: Readonly<Record<string, string>> = {}) =>
  openEnvironment({ variables, cwd: '/', defaultEnvFile: '/nowhere/.env' });

export const resolve = (config: unknown, variables?: Readonly<Record<string, string>>) =>
  resolveConfig(config, { environment: environment(variables), directory: '/project', file: null });

export async function faultsOf(
  config: unknown,
  variables?: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const error = await resolve(config, variables).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof LockstepError)) throw new Error(`expected config-invalid, got ${String(error)}`);
  expect(error.code).toBe('config-invalid');
  expect(error.exitCode).toBe(3);
  const [, ...faults] = error.message.split('\n').map((line) => line.trim());
  expect(error.details['count']).toBe(faults.length);
  return faults;
}

export const postgres = { connector: 'postgres', url: 'postgres://app:planted-canary@db.example/shop' };
export const shop = (more: object) => ({
  pipelines: { shop: { source: postgres, destination: postgres, collections: ['orders'], ...more } },
});
export const orders = (orders: unknown) => shop({ collections: { orders } });
export const source = (source: unknown) => shop({ source });

export const at = 'pipelines.shop';
