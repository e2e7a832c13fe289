import type { Variable, VariableRule } from '../../../index.ts';

const anyText: VariableRule = {
  kind: 'text',
  pattern: /^[^\0]{1,1024}$/s,
  says: 'a text of at most 1024 characters',
};
/** What MongoDB takes as the name of a database. */
const database: VariableRule = {
  kind: 'text',
  pattern: /^[^\0\s/\\."$*<>:|?]{1,63}$/,
  says: 'the name of a database',
};
const mongodb: VariableRule = {
  kind: 'text',
  pattern: /^mongodb(\+srv)?:\/\/\S+$/,
  says: 'a URL: mongodb://user:password@host:27017/?authSource=admin&replicaSet=name',
};
const idOrKey: VariableRule = { kind: 'text', pattern: /^[^\0\s]{1,128}$/, says: 'an id or a key' };
const optional = { preset: null } as const;

/** Every variable of the recipe: what it may be, and what it is when it is not given. The operator's page is held against this table by a test. */
export const variables = {
  BITSACCO_DATABASE_URL: {
    rule: mongodb,
    preset: undefined,
    secret: true,
    about: 'Bitsacco’s MongoDB, with credentials and authSource as MongoDB has them',
  },
  BITSACCO_DATABASE: { rule: database, preset: 'test', about: 'the database there' },
  BITSACCO_USERS_COLLECTION: {
    rule: { kind: 'text', pattern: /^[^\0$]{1,200}$/, says: 'the name of a collection' },
    preset: 'usersdocuments',
    about: 'the collection of users',
  },
  FEATBIT_DATABASE_URL: {
    rule: mongodb,
    preset: undefined,
    secret: true,
    about: 'FeatBit’s MongoDB; needs a replica set',
  },
  FEATBIT_DATABASE: { rule: database, preset: 'featbit', about: 'the database there' },
  FEATBIT_WORKSPACE: { rule: idOrKey, ...optional, about: 'its id or key; needed when there are several' },
  FEATBIT_ORGANIZATION: { rule: idOrKey, ...optional, about: 'its id or key; needed when there are several' },
  FEATBIT_ENVIRONMENT: {
    rule: idOrKey,
    ...optional,
    about: 'for end users: its id or key; needed when there are several',
  },
  FEATBIT_TARGET: {
    rule: { kind: 'choice', of: ['members', 'end-users', 'both'] },
    preset: 'members',
    about: 'team members, end users that flags are evaluated for, or both',
  },
  FEATBIT_VERSION: {
    rule: { kind: 'text', pattern: /^\d{1,3}\.\d{1,3}(\.\d{1,3})?$/, says: 'a version such as 5.4.0' },
    ...optional,
    about: 'FeatBit’s version; else 5.4.0 or later where `WorkspaceUsers` is there',
  },
  FEATBIT_CAPTURE: {
    rule: { kind: 'choice', of: ['stream', 'poll'] },
    preset: 'stream',
    about: 'how changes are seen: by a change stream (needs a replica set), or by looking again and again',
  },
  FEATBIT_POLL_SECONDS: {
    rule: { kind: 'integer', min: 1, max: 86_400 },
    preset: '30',
    about: 'seconds between two looks, with `poll`',
  },
  STATE_DIRECTORY: {
    rule: anyText,
    preset: '.lockstep/featbit-users',
    about: 'where this process remembers things',
  },
  CONTROL_STORE_URL: {
    rule: {
      kind: 'text',
      pattern: /^(postgres(ql)?|mongodb(\+srv)?):\/\/\S+$/,
      says: 'postgres://user:password@host:5432/database or mongodb://user:password@host:27017/database',
    },
    ...optional,
    secret: true,
    about: 'a database to remember things in, for engines on several machines',
  },
  LOG_LEVEL: {
    rule: { kind: 'choice', of: ['DEBUG', 'INFO', 'WARNING', 'ERROR'] },
    preset: 'INFO',
    about: 'the least that is logged',
  },
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;
