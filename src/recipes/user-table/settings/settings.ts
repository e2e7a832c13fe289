import {
  type Environment,
  type ReadVariables,
  readVariables,
  SecretText,
  type VariableRelation,
} from '../../../index.ts';
import { type LogLevel, logLevels } from '../../program/log.ts';
import { type Alerts, alertRelations, alertsOf } from './alerts.ts';
import { type VariableName, variables } from './variables.ts';

/** What the environment asks for, checked as a whole. */
export interface Settings {
  readonly source: DatabaseSettings;
  readonly chat: DatabaseSettings;
  readonly intervalMs: number;
  /** How long health may be without a success. */
  readonly patienceMs: number;
  readonly statuses: readonly string[];
  readonly deletes: 'deactivate' | 'delete';
  readonly batchSize: number;
  readonly retry: {
    readonly attempts: number;
    readonly initialDelayMs: number;
    readonly maxDelayMs: number;
    readonly factor: number;
  };
  readonly reconnectAttempts: number;
  readonly consecutiveFailures: number;
  readonly errorRetentionDays: number;
  readonly warnings: { readonly memoryMb: number; readonly poolPercent: number };
  readonly http: { readonly host: string; readonly port: number; readonly token: SecretText | null };
  readonly stateDirectory: string;
  readonly controlStore: SecretText | null;
  readonly logLevel: LogLevel;
  readonly alerts: Alerts;
  /** All that must never be shown. */
  readonly secrets: readonly SecretText[];
}

export interface DatabaseSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: SecretText;
  readonly ssl: boolean | { readonly rejectUnauthorized: boolean };
  readonly poolSize: number;
}

type Read = ReadVariables<VariableName>;

/** Throws `variables-invalid` with every fault there is, before anything is touched. */
export function readSettings(environment: Pick<Environment, 'find' | 'hintFor'>): Settings {
  const read = readVariables(variables, environment, relations);
  const { number, secret } = read;
  const text = (name: VariableName): string => read.text(name) ?? '';
  const intervalMs = intervalOf(read);
  return {
    source: databaseOf('SOURCE_DB', read),
    chat: databaseOf('CHAT_DB', read),
    intervalMs,
    patienceMs: Math.max(tenMinutesMs, number('SYNC_WINDOW_MULTIPLIER') * intervalMs),
    statuses: read.list('SYNC_STATUSES'),
    deletes: text('SYNC_DELETES') === 'delete' ? 'delete' : 'deactivate',
    batchSize: number('BATCH_SIZE'),
    retry: {
      attempts: number('MAX_RETRIES'),
      initialDelayMs: number('RETRY_INITIAL_DELAY'),
      maxDelayMs: number('RETRY_MAX_DELAY'),
      factor: number('RETRY_BACKOFF_MULTIPLIER'),
    },
    reconnectAttempts: number('MAX_RECONNECT_ATTEMPTS'),
    consecutiveFailures: number('MAX_CONSECUTIVE_FAILURES'),
    errorRetentionDays: number('ERROR_RETENTION_DAYS'),
    warnings: { memoryMb: number('MEMORY_WARNING_MB'), poolPercent: number('POOL_WARNING_PERCENT') },
    http: { host: text('HTTP_HOST'), port: number('HTTP_PORT'), token: secret('HTTP_TOKEN') },
    stateDirectory: text('STATE_DIRECTORY'),
    controlStore: secret('CONTROL_STORE_URL'),
    logLevel: logLevels.find((level) => level === text('LOG_LEVEL')) ?? 'INFO',
    alerts: alertsOf(read),
    secrets: read.secrets,
  };
}

const tenMinutesMs = 600_000;

const intervalOf = (read: Read): number =>
  read.text('SYNC_INTERVAL_SECONDS') === null
    ? read.number('SYNC_INTERVAL_MINUTES') * 60_000
    : read.number('SYNC_INTERVAL_SECONDS') * 1_000;

/** What has to hold between variables that are right by themselves. */
const relations: readonly VariableRelation<VariableName>[] = [
  {
    of: ['RETRY_MAX_DELAY', 'RETRY_INITIAL_DELAY'],
    fault: ({ number }) =>
      number('RETRY_MAX_DELAY') < number('RETRY_INITIAL_DELAY')
        ? 'RETRY_MAX_DELAY: must not be less than RETRY_INITIAL_DELAY'
        : null,
  },
  {
    of: ['HTTP_HOST', 'HTTP_TOKEN'],
    fault: ({ text }) =>
      text('HTTP_TOKEN') === null && !isLoopback(text('HTTP_HOST') ?? '')
        ? 'HTTP_TOKEN: is needed when HTTP_HOST can be reached by others'
        : null,
  },
  ...alertRelations,
];

/** Only this machine reaches it. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

function databaseOf(prefix: 'SOURCE_DB' | 'CHAT_DB', read: Read): DatabaseSettings {
  const ssl = read.text(`${prefix}_SSL`);
  return {
    host: read.text(`${prefix}_HOST`) ?? '',
    port: read.number(`${prefix}_PORT`),
    database: read.text(`${prefix}_NAME`) ?? '',
    user: read.text(`${prefix}_USER`) ?? '',
    password: read.secret(`${prefix}_PASSWORD`) ?? new SecretText(''),
    ssl: ssl === 'off' ? false : { rejectUnauthorized: ssl === 'verify' },
    poolSize: read.number(`${prefix}_POOL_SIZE`),
  };
}
