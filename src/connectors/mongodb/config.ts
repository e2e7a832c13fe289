import { z } from 'zod';
import { SecretText } from '../../protocol/secret.ts';

const text = z.string().min(1);
const secret = z.union([text, z.instanceof(SecretText)]);
const milliseconds = z.int().min(1).max(86_400_000);

/** How changes are captured at a source. */
const captureSchema = z.discriminatedUnion('kind', [
  /** The server's own change stream; needs a replica set. */
  z.strictObject({ kind: z.literal('stream') }),
  z.strictObject({
    /** Both sides are compared again and again; for servers without a replica set. */
    kind: z.literal('poll'),
    /** From the beginning of one comparison to the next. */
    everyMs: milliseconds.default(60_000),
  }),
]);

/** Above any of these a pipeline works more slowly, so that others get on; both need `clusterMonitor`. */
const throttleSchema = z.strictObject({
  /** How far a member of the destination's replica set may be behind. Members write their clock's seconds, so less than two is noise. */
  replicaLagMs: milliseconds.optional(),
  /** Operations that wait at the primary at the moment of looking. */
  queuedOperations: z.int().min(1).max(1_000_000).optional(),
});
export type ThrottleConfig = z.output<typeof throttleSchema>;

/** A MongoDB deployment, as source or destination. TLS, users and read settings stand in the url, as MongoDB's tools have it. */
export const mongodbConfigSchema = z
  .strictObject({
    connector: z.literal('mongodb'),
    url: secret.refine(
      (url) => partsOf(revealed(url)) !== null,
      'must be a URL: mongodb://user:password@host:27017/database',
    ),
    /** Wins over the database of the url. */
    database: text.optional(),
    /** Until a member that takes writes is found, and for each connection. */
    connectTimeoutMs: milliseconds.default(10_000),
    /** As the source of a live pipeline. */
    capture: captureSchema.prefault({ kind: 'stream' }),
    /** As a destination: the collection, in the same database, that holds our state. */
    stateCollection: text.default('lockstep_state'),
    /** As a destination: a first copy is filled beside the collection that it makes, and renamed. */
    copyBeside: z.boolean().default(true),
    /** As a destination; nothing is looked at by default. */
    throttle: throttleSchema.optional(),
  })
  .refine((config) => databaseOf(config) !== null, {
    path: ['database'],
    message: 'is missing, and the url names none',
  });
export type MongodbConfig = z.output<typeof mongodbConfigSchema>;
export type MongodbConfigInput = z.input<typeof mongodbConfigSchema>;

/** Where to connect and as whom; holds the password in the clear, so it is made late and never kept in an error. */
export interface MongodbEndpoint {
  readonly url: string;
  readonly database: string;
  readonly user: string | null;
  /** `host:port,host:port/database`: without secrets, for people. */
  readonly address: string;
}

export function resolveEndpoint(config: MongodbConfig): MongodbEndpoint {
  const url = revealed(config.url);
  const parts = partsOf(url);
  const database = databaseOf(config);
  if (parts === null || database === null) throw new TypeError('the configuration was not validated');
  return { url, database, user: parts.user, address: `${parts.hosts}/${database}` };
}

/** Everything in a configuration that must never be shown. */
export function secretsOf({ url }: MongodbConfig): SecretText[] {
  const parts = partsOf(revealed(url));
  const options = new URLSearchParams(parts?.options ?? '');
  const hidden = [parts?.password, ...secretOptions.map((name) => options.get(name))].filter(
    (value) => typeof value === 'string' && value !== '',
  );
  const secrets = hidden.map((value) => new SecretText(String(value)));
  return url instanceof SecretText ? [url, ...secrets] : secrets;
}

const secretOptions = ['tlsCertificateKeyFilePassword', 'proxyPassword'];

const revealed = (value: string | SecretText): string =>
  value instanceof SecretText ? value.reveal() : value;

/** Several hosts with commas between are no URL for the platform's parser. */
const shape =
  /^mongodb(?:\+srv)?:\/\/(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^@/?]+)(?:\/(?<database>[^?]*))?(?:\?(?<options>.*))?$/;

interface UrlParts {
  readonly user: string | null;
  readonly password: string | null;
  readonly hosts: string;
  readonly database: string | null;
  readonly options: string;
}

function partsOf(url: string): UrlParts | null {
  const found = shape.exec(url)?.groups;
  if (found === undefined) return null;
  return {
    user: decoded(found['user']),
    password: decoded(found['password']),
    hosts: found['hosts'] ?? '',
    database: decoded(found['database']),
    options: found['options'] ?? '',
  };
}

/** What is not percent-encoded as it should be is taken as it stands: the driver says what is wrong with it. */
function decoded(part: string | undefined): string | null {
  if (part === undefined || part === '') return null;
  return /%(?![0-9a-f]{2})/i.test(part) ? part : decodeURIComponent(part);
}

const databaseOf = ({
  url,
  database,
}: {
  readonly url: string | SecretText;
  readonly database?: string | undefined;
}): string | null => database ?? partsOf(revealed(url))?.database ?? null;
