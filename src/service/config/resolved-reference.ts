import type { Environment } from '../secrets/environment.ts';
import { type LookedUp, lookUp } from './look-up.ts';
import { keysVariable } from './store-keys.ts';

/** A variable that is looked for; its value is not here. */
export interface ResolvedReference {
  /** Where it is used: a path of the configuration, or what it is for. */
  readonly where: string;
  readonly name: string;
  readonly from: 'environment' | 'env file' | 'default' | 'nowhere';
  /** The file that `NAME_FILE` names; null: the value stands in `from` itself, or there is none. */
  readonly file: string | null;
}

export function referenceTo(name: string, where: string, found: LookedUp): ResolvedReference {
  if ('fault' in found) return { where, name, from: 'nowhere', file: found.at?.file ?? null };
  return { where, name, from: found.at?.layer ?? 'default', file: found.at?.file ?? null };
}

/** Variables that nobody has to write into the configuration. */
export function impliedReferences(
  environment: Environment,
  { hasKey }: { readonly hasKey: boolean },
): readonly ResolvedReference[] {
  const implied = [
    ...(hasKey ? [] : [{ name: keysVariable, where: 'store.key' }]),
    { name: 'LOCKSTEP_TOKEN', where: 'the token of HTTP' },
  ];
  return implied.map(({ name, where }) => referenceTo(name, where, lookUp({ $env: name }, environment)));
}
