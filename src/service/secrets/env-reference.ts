/**
 * Stands in a configuration for the value of an environment variable. A plain object, so that it survives JSON
 * (`{ "$env": "NAME" }`) and two copies of the package.
 */
export interface EnvReference {
  readonly $env: string;
  /** Used when the variable is neither in the environment nor in the env file. */
  readonly default?: string;
}

/**
 * Refers to an environment variable: looked for as `NAME` and `NAME_FILE` in the environment, then in the env file.
 * Where a number or a boolean is wanted, the text is read as one.
 */
export function env(name: string, options: { readonly default?: string } = {}): EnvReference {
  return options.default === undefined ? { $env: name } : { $env: name, default: options.default };
}

export function isEnvReference(value: unknown): value is EnvReference {
  return typeof value === 'object' && value !== null && '$env' in value && typeof value.$env === 'string';
}
