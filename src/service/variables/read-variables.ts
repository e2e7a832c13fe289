import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { SecretText } from '../../protocol/secret.ts';
import type { Environment } from '../secrets/environment.ts';
import { faultOf, itemsOf, type Variable } from './variable.ts';

/** What the environment says, checked. */
export interface ReadVariables<Name extends string> {
  /** As it was found or preset; null: left out. */
  text(name: Name): string | null;
  /** Of a variable that is needed or has a preset. */
  number(name: Name): number;
  /** Items between commas; none when it is left out. */
  list(name: Name): readonly string[];
  secret(name: Name): SecretText | null;
  /** All that must never be shown. */
  readonly secrets: readonly SecretText[];
}

/** What has to hold between variables. */
export interface VariableRelation<Name extends string> {
  /** It is looked at once each of these is right by itself, or left out, whatever is wrong with others. */
  readonly of: readonly Name[];
  /** What is wrong, with the name of the variable first; null: nothing. Never holds a value. */
  readonly fault: (read: ReadVariables<Name>) => string | null;
}

/**
 * Reads every variable of a table. Throws `variables-invalid` with all that are missing, can't be read, malformed or out of range, and with the
 * faults of `relations` between those that are right by themselves. Faults never hold values.
 */
export function readVariables<Name extends string>(
  table: Readonly<Record<Name, Variable>>,
  environment: Pick<Environment, 'find' | 'hintFor'>,
  relations: readonly VariableRelation<Name>[] = [],
): ReadVariables<Name> {
  const texts = new Map<string, string>();
  const names = new Set(Object.keys(table));
  const faults = new Map<string, string>();
  for (const [name, variable] of Object.entries<Variable>(table)) {
    const { text, fault } = lookUp(name, variable, { environment, names });
    if (text !== null) texts.set(name, text);
    if (fault !== null) faults.set(name, `${name}${fault}`);
  }
  const read = readerOf(texts, table);
  const between = relations
    .filter(({ of }) => !of.some((name) => faults.has(name)))
    .map(({ fault }) => fault(read))
    .filter((fault) => fault !== null);
  const all = [...faults.values(), ...between];
  if (all.length === 0) return read;
  const lines = all.map((fault) => `  ${fault}`).join('\n');
  throw new LockstepError('variables-invalid', { count: all.length, faults: lines });
}

interface LookedUp {
  readonly text: string | null;
  /** What follows the name. */
  readonly fault: string | null;
}

interface Places {
  readonly environment: Pick<Environment, 'find' | 'hintFor'>;
  /** Of all variables of the table. */
  readonly names: ReadonlySet<string>;
}

function lookUp(name: string, variable: Variable, { environment, names }: Places): LookedUp {
  const found = environment.find(name);
  if (found.kind === 'unreadable') return { text: null, fault: `_FILE: could not be read: ${found.detail}` };
  if (found.kind === 'missing') {
    if (variable.preset !== undefined) return { text: variable.preset, fault: null };
    const hint = environment.hintFor(name, names);
    const fault = `: is not set (in the environment, as ${name}_FILE, or in the env file)${hint}`;
    return { text: null, fault };
  }
  const text = variable.secret ? found.text : found.text.trim();
  const fault = faultOf(variable.rule, text);
  return { text, fault: fault === null ? null : `: ${fault}` };
}

function readerOf<Name extends string>(
  texts: ReadonlyMap<string, string>,
  table: Readonly<Record<Name, Variable>>,
): ReadVariables<Name> {
  const secrets = new Map(
    Object.entries<Variable>(table).flatMap(([name, { secret }]) => {
      const text = texts.get(name);
      return secret && text !== undefined ? [[name, new SecretText(text)] as const] : [];
    }),
  );
  return {
    text: (name) => texts.get(name) ?? null,
    number: (name) => Number(texts.get(name)),
    list: (name) => itemsOf(texts.get(name) ?? ''),
    secret: (name) => secrets.get(name) ?? null,
    secrets: [...secrets.values()],
  };
}
