import { z } from 'zod';
import { SecretText } from '../../protocol/secret.ts';
import { faultOfUrl, tlsModes } from './url.ts';

const text = z.string().min(1);
const secret = z.union([text, z.instanceof(SecretText)]);
const milliseconds = z.int().min(1).max(86_400_000);

const sslSchema = z.union([
  z.boolean(),
  z.strictObject({
    /** PEM texts. */
    ca: text.optional(),
    cert: text.optional(),
    key: secret.optional(),
    /** False: encrypted, but anybody could be at the other end. */
    rejectUnauthorized: z.boolean().default(true),
    /** The name that the certificate must carry, when it is not the host's. */
    servername: text.optional(),
  }),
]);

/** Names end at 63 bytes, and some are made longer. */
const objectName = (length: number) =>
  z
    .string()
    .regex(/^[a-z_][a-z0-9_]*$/, 'lower case letters, digits and _, and no digit first')
    .max(length);

/** How changes are captured at a source. */
const captureSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    /** The server's own change stream; needs `wal_level = logical` and the right REPLICATION. */
    kind: z.literal('logical'),
    /** Default: `lockstep_` and the pipeline's name. */
    slot: z
      .string()
      .regex(/^[a-z0-9_]{1,63}$/, 'lower case letters, digits and _, at most 63')
      .optional(),
    publication: text.max(63).optional(),
    /** Standbys keep the slot too (PostgreSQL 17 and newer). */
    failover: z.boolean().default(false),
    /** How long making the slot may wait for transactions that are open. */
    slotTimeoutMs: milliseconds.default(60_000),
  }),
  z.strictObject({
    /** Triggers that log keys; needs the tables' owner once, no replication right. */
    kind: z.literal('triggers'),
    /** While nothing happens, the log is looked at this often even without a notification. */
    pollMs: z.int().min(1).max(60_000).default(1_000),
    /** The log's bounds: beyond them it stops growing, and the next look at it walks the tables instead. */
    maxLogRows: z.int().min(1_000).default(5_000_000),
    maxLogAgeMs: z.int().min(1_000).default(86_400_000),
    /** What the objects are called that others see at the source; each default names the pipeline. */
    names: z
      .strictObject({
        /** Of the INSERT trigger; those of the other events add `_update`, `_delete`, `_truncate` and `_row`. */
        trigger: objectName(54).optional(),
        /** Of their function, in `stateSchema`; a second table's adds its number. */
        function: objectName(54).optional(),
        /** Where the reader is woken. */
        channel: objectName(63).optional(),
      })
      .prefault({}),
  }),
]);
export type CaptureConfig = z.output<typeof captureSchema>;

/** Above any of these a pipeline works more slowly, so that others get on; nothing is looked at by default. */
const throttleSchema = z.strictObject({
  /** How far a streaming replica of the destination may be behind. These three need the right pg_read_all_stats. */
  replicaLagMs: milliseconds.optional(),
  replicaLagBytes: z.int().min(1).optional(),
  /** Sessions of others that run a statement at the moment of looking. */
  activeSessions: z.int().min(1).max(100_000).optional(),
  /** One statement that only reads: true in its first column means busy. */
  query: text.optional(),
});
export type ThrottleConfig = z.output<typeof throttleSchema>;

/**
 * When a large table that is empty is filled with its keys and indexes off, and in one transaction. Below a million rows that gains less than half
 * a second; above two gigabytes a run that is killed would lose too much work, and readers would wait too long.
 */
const rebuildKeysSchema = z.union([
  z.literal('never'),
  z.strictObject({
    /** By the source's statistics. */
    fromRows: z.int().min(0).default(1_000_000),
    /** Of the table at the source, without indexes. */
    maxBytes: z.int().min(0).default(2_147_483_648),
  }),
]);

/** A PostgreSQL server, as source or destination. Either `url` or the parts; the parts win over the url. */
export const postgresConfigSchema = z
  .strictObject({
    connector: z.literal('postgres'),
    url: secret
      .superRefine((url, context) => {
        const message = faultOfUrl(revealed(url));
        if (message !== null) context.addIssue({ code: 'custom', message });
      })
      .optional(),
    host: text.optional(),
    port: z.int().min(1).max(65_535).optional(),
    database: text.optional(),
    user: text.optional(),
    password: secret.optional(),
    ssl: sslSchema.optional(),
    /** Where names without a schema are looked for. */
    schema: text.default('public'),
    /** Where our own state lives at a destination. */
    stateSchema: text.default('lockstep'),
    /** Ends any statement that takes longer; default: the server's own setting. */
    statementTimeoutMs: milliseconds.optional(),
    connectTimeoutMs: milliseconds.default(10_000),
    /** After so long without a byte while we wait, the server is asked whether it still works for us. */
    stallTimeoutMs: milliseconds.default(30_000),
    applicationName: text.max(63).optional(),
    /** As the source of a live pipeline. */
    capture: captureSchema.prefault({ kind: 'logical' }),
    /** As a destination. */
    throttle: throttleSchema.optional(),
    /** As a destination. */
    rebuildKeys: rebuildKeysSchema.prefault({}),
    /** A row above this is not held in memory: it becomes a dead letter. */
    maxRowBytes: z.int().min(1024).max(1_073_741_823).default(67_108_864),
  })
  .refine((config) => config.url !== undefined || config.host !== undefined, {
    path: ['url'],
    message: 'url or host is needed',
  });
export type PostgresConfig = z.output<typeof postgresConfigSchema>;
export type PostgresConfigInput = z.input<typeof postgresConfigSchema>;

const revealed = (value: string | SecretText): string =>
  value instanceof SecretText ? value.reveal() : value;

export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}

/** Where to connect and as whom; holds the password in the clear, so it is made late and never kept in an error. */
export interface PostgresEndpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly tls: TlsSettings | null;
  /** `host:port/database`: without secrets, for people. */
  readonly address: string;
}

export function resolveEndpoint(config: PostgresConfig): PostgresEndpoint {
  const url = config.url === undefined ? null : new URL(revealed(config.url));
  const fromUrl = (part: string | undefined): string | undefined =>
    part === undefined || part === '' ? undefined : decodeURIComponent(part);
  const user = config.user ?? fromUrl(url?.username) ?? 'postgres';
  const host =
    config.host ??
    url?.searchParams.get('host') ??
    fromUrl(url?.hostname.replace(/^\[|\]$/g, '')) ??
    'localhost';
  const port = config.port ?? Number(url?.searchParams.get('port') ?? (url?.port || 5432));
  const database = config.database ?? fromUrl(url?.pathname.slice(1)) ?? user;
  const password = config.password === undefined ? fromUrl(url?.password) : revealed(config.password);
  return {
    host,
    port,
    database,
    user,
    password: password ?? null,
    tls: tlsSettings(config, url?.searchParams.get('sslmode') ?? null),
    address: `${host}:${port}/${database}`,
  };
}

/** Everything in a configuration that must never be shown. */
export function secretsOf(config: PostgresConfig): SecretText[] {
  const key = typeof config.ssl === 'object' ? config.ssl.key : undefined;
  const password = resolveEndpoint(config).password;
  const secrets = [config.url, config.password, key].filter((value) => value instanceof SecretText);
  return password === null ? secrets : [...secrets, new SecretText(password)];
}

function tlsSettings(config: PostgresConfig, sslmode: string | null): TlsSettings | null {
  if (config.ssl === undefined) return tlsModes.get(sslmode ?? 'disable') ?? null;
  if (typeof config.ssl === 'boolean') return config.ssl ? { rejectUnauthorized: true } : null;
  const { ca, cert, key, rejectUnauthorized, servername } = config.ssl;
  return {
    rejectUnauthorized,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: revealed(key) }),
    ...(servername === undefined ? {} : { servername }),
  };
}
