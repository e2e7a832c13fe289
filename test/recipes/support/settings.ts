import { join } from 'node:path';
import { expect } from 'vitest';
import { type Environment, isLockstepError, openEnvironment, type Variable } from '../../../src/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A recipe's settings of variables, and what is said of those that are wrong. */
export interface Reading<Settings> {
  read(env: Env, cwd?: string): Settings;
  faultsOf(env: Env): readonly string[];
}

export function readingBy<Settings>(readSettings: (environment: Environment) => Settings): Reading<Settings> {
  const read = (env: Env, cwd = '/nowhere') =>
    readSettings(openEnvironment({ variables: env, cwd, defaultEnvFile: join(cwd, '.env') }));
  return {
    read,
    faultsOf: (env) => {
      try {
        read(env);
      } catch (thrown) {
        if (!isLockstepError(thrown, 'variables-invalid')) throw thrown;
        return String(thrown.details['faults'])
          .split('\n')
          .map((line) => line.trim());
      }
      return [];
    },
  };
}

/**
 * Each variable that is missing or malformed is a fault that names it, and all are told at once. `wrong`: what no variable of a kind may be;
 * `malformed`: of the kinds that are not there.
 */
export function expectEachFault(
  { faultsOf }: Pick<Reading<unknown>, 'faultsOf'>,
  {
    needed,
    variables,
    wrong,
    malformed,
  }: {
    readonly needed: Readonly<Record<string, string>>;
    readonly variables: Readonly<Record<string, Variable>>;
    readonly wrong: Readonly<Record<string, readonly string[]>>;
    readonly malformed: string;
  },
): void {
  const required = Object.keys(needed);
  expect(faultsOf({})).toHaveLength(required.length);
  for (const name of required)
    expect(faultsOf({ ...needed, [name]: '' })).toEqual([expect.stringMatching(`^${name}: is not set`)]);
  const wrongOf = ({ rule }: Variable): readonly string[] => wrong[rule.kind] ?? [malformed];
  for (const [name, variable] of Object.entries(variables))
    for (const text of wrongOf(variable))
      expect(faultsOf({ ...needed, [name]: text }), `${name}=${text}`).toEqual([
        expect.stringMatching(`^${name}: must be`),
      ]);
  const all = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, wrongOf(variable)[0]]),
  );
  expect(faultsOf(all)).toHaveLength(Object.keys(variables).length);
}
