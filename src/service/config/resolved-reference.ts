import type { Environment } from '../secrets/environment.ts';
import { isFileReference } from '../secrets/file-reference.ts';
import { type LookedUp, lookUp, type Reference } from './look-up.ts';
import { keysVariable } from './store-keys.ts';

/** A variable or file that is looked for; its value is not here. */
export interface ResolvedReference {
  /** Where it is used: a path of the configuration, or what it is for. */
  readonly where: string;
  /** Of the variable; of a file: its path as it is written. */
  readonly name: string;
  /** `configuration`: it names the file itself. */
  readonly from: 'environment' | 'env file' | 'configuration' | 'default' | 'nowhere';
  /** The file that holds the value alone, as `NAME_FILE` or `file()` names it; null: the value stands in `from` itself, or there is none. */
  readonly file: string | null;
}

export function referenceTo(reference: Reference, where: string, found: LookedUp): ResolvedReference {
  const name = isFileReference(reference) ? reference.$file : reference.$env;
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
    { name: 'LOCKSTEP_READ_TOKEN', where: 'the token of HTTP for reading' },
  ];
  return implied.map(({ name, where }) => {
    const reference = { $env: name };
    return referenceTo(reference, where, lookUp(reference, environment));
  });
}
