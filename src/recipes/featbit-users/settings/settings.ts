import { type Environment, type ReadVariables, readVariables, SecretText } from '../../../index.ts';
import { type LogLevel, logLevels } from '../../program/log.ts';
import { type VariableName, variables } from './variables.ts';

/** What the environment asks for, checked as a whole. */
export interface Settings {
  readonly bitsacco: DatabaseSettings & { readonly collection: string };
  readonly featbit: DatabaseSettings;
  /** Ids or keys; null: there must be only one. */
  readonly workspace: string | null;
  readonly organization: string | null;
  readonly environment: string | null;
  readonly target: Target;
  /** Null: FeatBit's collections tell. */
  readonly hasWorkspaceUsers: boolean | null;
  readonly capture: { readonly kind: 'stream' } | { readonly kind: 'poll'; readonly seconds: number };
  readonly stateDirectory: string;
  readonly controlStore: SecretText | null;
  readonly logLevel: LogLevel;
  /** All that must never be shown. */
  readonly secrets: readonly SecretText[];
}

export interface DatabaseSettings {
  readonly url: SecretText;
  readonly database: string;
}

const targets = ['members', 'end-users', 'both'] as const;
export type Target = (typeof targets)[number];

/** Throws `variables-invalid` with every fault there is, before anything is touched. */
export function readSettings(environment: Pick<Environment, 'find' | 'hintFor'>): Settings {
  const read = readVariables<VariableName>(variables, environment);
  const text = (name: VariableName): string => read.text(name) ?? '';
  const version = read.text('FEATBIT_VERSION');
  return {
    bitsacco: {
      url: secretOf(read, 'BITSACCO_DATABASE_URL'),
      database: text('BITSACCO_DATABASE'),
      collection: text('BITSACCO_USERS_COLLECTION'),
    },
    featbit: { url: secretOf(read, 'FEATBIT_DATABASE_URL'), database: text('FEATBIT_DATABASE') },
    workspace: read.text('FEATBIT_WORKSPACE'),
    organization: read.text('FEATBIT_ORGANIZATION'),
    environment: read.text('FEATBIT_ENVIRONMENT'),
    target: targets.find((target) => target === text('FEATBIT_TARGET')) ?? 'members',
    hasWorkspaceUsers: version === null ? null : isFrom540(version),
    capture:
      text('FEATBIT_CAPTURE') === 'poll'
        ? { kind: 'poll', seconds: read.number('FEATBIT_POLL_SECONDS') }
        : { kind: 'stream' },
    stateDirectory: text('STATE_DIRECTORY'),
    controlStore: read.secret('CONTROL_STORE_URL'),
    logLevel: logLevels.find((level) => level === text('LOG_LEVEL')) ?? 'INFO',
    secrets: read.secrets,
  };
}

/** Of a variable that must be given. */
const secretOf = (read: ReadVariables<VariableName>, name: VariableName): SecretText =>
  read.secret(name) ?? new SecretText('');

/** From then on membership of a workspace is a collection of its own. */
function isFrom540(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 4);
}
