import { z } from 'zod';
import { SecretText } from '../../protocol/secret.ts';

const secret = z.union([z.string().min(1), z.instanceof(SecretText)]);

export const defaultStorePath = '.lockstep/lockstep.db';
export const defaultStoreSchema = 'lockstep_control';

/** Where Lockstep remembers things: a file (`path`), or a database (`url`). */
export const storeSchema = z
  .strictObject({
    /** The control store's file, relative to the configuration's directory. */
    path: z.string().min(1).optional(),
    /** A PostgreSQL database that engines on several machines share. */
    url: secret
      .refine(isPostgresUrl, 'must be a URL: postgres://user:password@host:5432/database')
      .optional(),
    /** The schema in that database; nothing else may be in it. */
    schema: z
      .string()
      .regex(/^(?!pg_)[^\0]{1,63}$/, 'must be 1 to 63 characters that do not begin with pg_')
      .optional(),
    /** Seals the rows of dead letters: 32 bytes as base64 or hex. A list: the first seals, all open. Without one no row is kept. */
    key: z.union([secret, z.array(secret).min(1)]).optional(),
  })
  .superRefine(({ path, url, schema }, context) => {
    if (path !== undefined && url !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['path'],
        message: 'can’t stand beside `url`: keep `path` for a file of this machine, or `url` for a database',
      });
    if (schema !== undefined && url === undefined)
      context.addIssue({ code: 'custom', path: ['schema'], message: 'needs `url`: a file has no schemas' });
  });

function isPostgresUrl(url: string | SecretText): boolean {
  const text = url instanceof SecretText ? url.reveal() : url;
  const parsed = URL.parse(text);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) return false;
  const parts = [parsed.username, parsed.password, parsed.pathname];
  return parts.every(isWellEscaped);
}

function isWellEscaped(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
