import type { EnvReference } from '../secrets/env-reference.ts';
import type { Environment, FoundAt } from '../secrets/environment.ts';

/** What a reference stands for; `at` is null where its default stands in, or nothing. */
export type LookedUp =
  | { readonly text: string; readonly at: FoundAt | null }
  | { readonly fault: string; readonly at: FoundAt | null };

export function lookUp(reference: EnvReference, environment: Environment): LookedUp {
  const name = reference.$env;
  const found = environment.find(name);
  switch (found.kind) {
    case 'value':
      return { text: found.text, at: found.at };
    case 'unreadable':
      return { fault: `${name}_FILE could not be read: ${found.detail}`, at: found.at };
    case 'missing':
      if (reference.default !== undefined) return { text: reference.default, at: null };
      return {
        fault: `${name} is not set (in the environment, as ${name}_FILE, or in the env file)`,
        at: null,
      };
  }
}
