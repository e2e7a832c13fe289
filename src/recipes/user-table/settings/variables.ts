import { type Variable, variableRules } from '../../../index.ts';

const { integer, number, choice, text, list, anyText, host, webUrl, mailAddress, mailAddresses } =
  variableRules;
const secure = choice('off', 'require', 'verify');

const databaseOf = <Prefix extends 'SOURCE_DB' | 'CHAT_DB'>(prefix: Prefix, whose: string) =>
  ({
    [`${prefix}_HOST`]: { rule: host, preset: undefined, about: `where ${whose} is` },
    [`${prefix}_PORT`]: { rule: integer(1, 65_535), preset: '5432', about: 'its port' },
    [`${prefix}_NAME`]: { rule: anyText, preset: undefined, about: 'its name' },
    [`${prefix}_USER`]: { rule: anyText, preset: undefined, about: 'the role that we are there' },
    [`${prefix}_PASSWORD`]: { rule: anyText, preset: undefined, secret: true, about: 'its password' },
    [`${prefix}_SSL`]: {
      rule: secure,
      preset: 'off',
      about: 'TLS: not at all, without knowing to whom, or with a certificate that is checked',
    },
    [`${prefix}_POOL_SIZE`]: {
      rule: integer(8, 200),
      preset: '10',
      about: 'connections there at most; 15 and 20 let more work go on side by side',
    },
  }) as Record<`${Prefix}_${'HOST' | 'PORT' | 'NAME' | 'USER' | 'PASSWORD' | 'SSL' | 'POOL_SIZE'}`, Variable>;

const optional = { preset: null } as const;

/** Every variable of the recipe: what it may be, and what it is when it is not given. The operator's page is held against this table by a test. */
export const variables = {
  ...databaseOf('SOURCE_DB', 'the marketplace’s database'),
  ...databaseOf('CHAT_DB', 'the chat application’s database'),
  SYNC_INTERVAL_MINUTES: { rule: integer(1, 1_440), preset: '1', about: 'minutes between two passes' },
  SYNC_INTERVAL_SECONDS: {
    rule: integer(1, 86_400),
    ...optional,
    about: 'seconds between two passes; wins over the minutes',
  },
  SYNC_WINDOW_MULTIPLIER: {
    rule: integer(1, 100),
    preset: '3',
    about: 'after so many intervals (and ten minutes) without a success, health is red',
  },
  SYNC_STATUSES: {
    rule: list(/^[a-z_]{1,63}$/, 'statuses with commas between them, such as active,inprogress'),
    preset: 'active',
    about: 'users with these statuses are in the chat',
  },
  SYNC_DELETES: {
    rule: choice('deactivate', 'delete'),
    preset: 'deactivate',
    about: 'what becomes of a chat user whose user has left; deleting takes messages along',
  },
  BATCH_SIZE: {
    rule: integer(1, 1_000),
    preset: '1000',
    about: 'users in one transaction of the real-time part',
  },
  MAX_RETRIES: {
    rule: integer(1, 100),
    preset: '3',
    about:
      'attempts of one piece of work, for trouble that passes; then it is recorded, a command ends, and the service tries on',
  },
  RETRY_INITIAL_DELAY: {
    rule: integer(1, 3_600_000),
    preset: '1000',
    about:
      'milliseconds before the second attempt; each wait is by chance between half and all of what is said here',
  },
  RETRY_MAX_DELAY: {
    rule: integer(1, 3_600_000),
    preset: '30000',
    about:
      'the longest wait between two, in milliseconds; a service that failed as a whole is started again after 1 to 60 seconds instead',
  },
  RETRY_BACKOFF_MULTIPLIER: {
    rule: number(1, 10),
    preset: '2',
    about: 'each wait is so many times the last',
  },
  MAX_RECONNECT_ATTEMPTS: {
    rule: integer(1, 1_000),
    preset: '10',
    about: 'after so many in vain it is said loudly, and tried on slowly',
  },
  MAX_CONSECUTIVE_FAILURES: {
    rule: integer(1, 1_000),
    preset: '5',
    about: 'after so many a side is left alone for a while',
  },
  ERROR_RETENTION_DAYS: {
    rule: integer(1, 3_650),
    preset: '30',
    about: 'rows of sync_errors are kept so long',
  },
  MEMORY_WARNING_MB: {
    rule: integer(1, 1_000_000),
    preset: '500',
    about: 'resident memory above which it warns',
  },
  POOL_WARNING_PERCENT: {
    rule: integer(1, 100),
    preset: '80',
    about: 'share of a pool’s connections at work above which it warns',
  },
  HTTP_PORT: {
    rule: integer(0, 65_535),
    preset: '9000',
    about: 'where health and metrics are; 0 takes a free port',
  },
  HTTP_HOST: { rule: host, preset: '127.0.0.1', about: 'on which address' },
  HTTP_TOKEN: {
    rule: text(/^\S{16,512}$/, 'at least 16 characters without blanks'),
    ...optional,
    secret: true,
    about: 'needed for any address that others reach',
  },
  STATE_DIRECTORY: {
    rule: anyText,
    preset: '.lockstep/user-table',
    about: 'where this process remembers things',
  },
  CONTROL_STORE_URL: {
    rule: text(/^postgres(ql)?:\/\/\S+$/, 'postgres://user:password@host:5432/database'),
    ...optional,
    secret: true,
    about: 'a PostgreSQL database to remember things in, for engines on several machines',
  },
  LOG_LEVEL: {
    rule: choice('DEBUG', 'INFO', 'WARNING', 'ERROR'),
    preset: 'INFO',
    about: 'the least that is logged',
  },
  ALERT_SETTLE_SECONDS: {
    rule: integer(0, 86_400),
    preset: '120',
    about: 'an alert is over once it has been good for so long',
  },
  ALERT_SLACK_URL: {
    rule: webUrl,
    ...optional,
    secret: true,
    about: 'an incoming webhook that alerts go to',
  },
  ALERT_WEBHOOK_URL: { rule: webUrl, ...optional, secret: true, about: 'where alerts are posted as JSON' },
  ALERT_WEBHOOK_SECRET: { rule: anyText, ...optional, secret: true, about: 'signs what is posted' },
  ALERT_EMAIL_HOST: { rule: host, ...optional, about: 'the mail server that takes alerts' },
  ALERT_EMAIL_PORT: { rule: integer(1, 65_535), preset: '587', about: 'its port' },
  ALERT_EMAIL_TLS: {
    rule: choice('starttls', 'implicit', 'none'),
    preset: 'starttls',
    about: 'how it is encrypted',
  },
  ALERT_EMAIL_USER: { rule: anyText, ...optional, about: 'the login there' },
  ALERT_EMAIL_PASSWORD: { rule: anyText, ...optional, secret: true, about: 'its password' },
  ALERT_EMAIL_FROM: {
    rule: mailAddress,
    ...optional,
    about: 'whom alerts come from; needed with a mail server',
  },
  ALERT_EMAIL_TO: { rule: mailAddresses, ...optional, about: 'whom they go to; needed with a mail server' },
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;
