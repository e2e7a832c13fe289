import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { SecretText } from '../../protocol/secret.ts';
import { describeUrl } from '../redact.ts';
import type { StorePlace } from './resolved-config.ts';
import { defaultStorePath, defaultStoreSchema, type storeSchema } from './store-schema.ts';

/** Paths start from the configuration's directory. */
export function resolveStore(
  { path = defaultStorePath, url, schema = defaultStoreSchema }: z.output<typeof storeSchema>,
  directory: string,
): StorePlace {
  const file = resolve(directory, path);
  if (url === undefined) return { kind: 'sqlite', path: file, directory: dirname(file) };
  const secret = url instanceof SecretText ? url : new SecretText(url);
  const label = describeUrl(secret.reveal());
  return { kind: 'postgres', url: secret, schema, directory: dirname(file), label };
}
