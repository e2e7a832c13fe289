import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { SecretText } from '../../protocol/secret.ts';
import { readAddress, secretsIn } from '../../store/mongodb/address.ts';
import { describeUrl } from '../redact.ts';
import type { StorePlace } from './resolved-config.ts';
import { defaultStorePath, defaultStoreSchema, kindOfUrl, type storeSchema } from './store-schema.ts';

/** Paths start from the configuration's directory. */
export function resolveStore(
  { path = defaultStorePath, url, schema = defaultStoreSchema, database }: z.output<typeof storeSchema>,
  base: string,
): StorePlace {
  const file = resolve(base, path);
  const directory = dirname(file);
  if (url === undefined) return { kind: 'sqlite', path: file, directory };
  const secret = url instanceof SecretText ? url : new SecretText(url);
  if (kindOfUrl(secret) === 'postgres')
    return { kind: 'postgres', url: secret, schema, directory, label: describeUrl(secret.reveal()) };
  const { user, label, database: name } = readAddress(secret, database);
  const shown = `mongodb://${user === null ? '' : `${user}@`}${label}`;
  return { kind: 'mongodb', url: secret, database: name, directory, label: shown };
}

/** What stands in the store's URL, beside the URL itself. One with several hosts is none that others could read. */
export const secretsOfStore = (place: StorePlace): readonly SecretText[] =>
  place.kind === 'mongodb' ? secretsIn(place.url) : [];
