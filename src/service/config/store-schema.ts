import { z } from 'zod';
import { faultOfUrl } from '../../connectors/postgres/url.ts';
import { SecretText } from '../../protocol/secret.ts';
import { readMongodbUrl } from '../../store/mongodb/address.ts';

const secret = z.union([z.string().min(1), z.instanceof(SecretText)]);

export const defaultStorePath = '.lockstep/lockstep.db';
export const defaultStoreSchema = 'lockstep_control';

/** Where Lockstep remembers things: a file (`path`), or a database (`url`). */
export const storeSchema = z
  .strictObject({
    /** The control store's file, relative to the configuration's directory. */
    path: z.string().min(1).optional(),
    /** A PostgreSQL or MongoDB database that engines on several machines share. */
    url: secret
      .superRefine((url, context) => {
        const message = faultOfStoreUrl(revealed(url));
        if (message !== null) context.addIssue({ code: 'custom', message });
      })
      .optional(),
    /** The schema in that PostgreSQL database; nothing else may be in it. */
    schema: z
      .string()
      .regex(/^(?!pg_)[^\0]{1,63}$/, 'must be 1 to 63 characters that do not begin with pg_')
      .optional(),
    /** The MongoDB database, instead of the one that the URL names. */
    database: z
      .string()
      .regex(/^[^/\\. "$*<>:|?\0]{1,63}$/, 'must be a name of a MongoDB database')
      .optional(),
    /** Seals the rows of dead letters: 32 bytes as base64 or hex. A list: the first seals, all open. Without one no row is kept. */
    key: z.union([secret, z.array(secret).min(1)]).optional(),
  })
  .superRefine(({ path, url, schema, database }, context) => {
    const fault = (at: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [at], message });
    if (path !== undefined && url !== undefined)
      fault(
        'path',
        'can’t stand beside `url`: keep `path` for a file of this machine, or `url` for a database',
      );
    const kind = url === undefined ? null : kindOfUrl(url);
    if (schema !== undefined && url === undefined) fault('schema', 'needs `url`: a file has no schemas');
    if (schema !== undefined && kind === 'mongodb') fault('schema', 'is for PostgreSQL: use `database`');
    if (database !== undefined && kind !== 'mongodb')
      fault('database', 'needs a `url` of MongoDB; that of PostgreSQL names its database itself');
  });

const revealed = (url: string | SecretText): string => (url instanceof SecretText ? url.reveal() : url);

/** What kind of server a store’s URL names; null: none that a store can be on. */
export function kindOfUrl(url: string | SecretText): 'postgres' | 'mongodb' | null {
  const scheme = revealed(url).split(':', 1)[0] ?? '';
  if (/^mongodb(\+srv)?$/.test(scheme)) return 'mongodb';
  return /^postgres(ql)?$/.test(scheme) ? 'postgres' : null;
}

const ofMongodb = 'must be a URL: mongodb://user:password@host:27017/database?replicaSet=name';

/** Why it can't be used, without any of it; null: it can, as far as can be told without a driver. */
function faultOfStoreUrl(url: string): string | null {
  switch (kindOfUrl(url)) {
    case 'postgres':
      return faultOfUrl(url);
    case 'mongodb':
      return readMongodbUrl(url) === null ? ofMongodb : null;
    case null:
      return `${ofMongodb}, or postgres://user:password@host:5432/database`;
  }
}
