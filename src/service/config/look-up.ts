import { isAbsolute } from 'node:path';
import { type EnvReference, isEnvReference } from '../secrets/env-reference.ts';
import type { Environment, FoundAt } from '../secrets/environment.ts';
import { type FileReference, isFileReference } from '../secrets/file-reference.ts';

/** Stands for a value that is outside of the configuration and is looked for while it is read. */
export type Reference = EnvReference | FileReference;

export const isReference = (value: unknown): value is Reference =>
  isEnvReference(value) || isFileReference(value);

/** What a reference stands for; `at` is null where its default stands in, or nothing. */
export type LookedUp =
  | { readonly text: string; readonly at: FoundAt | null }
  | { readonly fault: string; readonly at: FoundAt | null };

export const lookUp = (reference: Reference, environment: Environment): LookedUp =>
  isFileReference(reference) ? lookUpFile(reference, environment) : lookUpVariable(reference, environment);

function lookUpVariable(reference: EnvReference, environment: Environment): LookedUp {
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
        fault: `${name} is not set (in the environment, as ${name}_FILE, or in the env file)${environment.hintFor(name)}`,
        at: null,
      };
  }
}

function lookUpFile({ $file }: FileReference, environment: Environment): LookedUp {
  if ($file === '') return { fault: 'file() needs the path of the file that holds the value', at: null };
  const found = environment.findFile($file);
  if (found.kind === 'value') return { text: found.text, at: found.at };
  const hint = isAbsolute($file) ? '' : ' (a relative path starts beside the configuration)';
  return { fault: `the file of file() could not be read: ${found.detail}${hint}`, at: found.at };
}
