import { SecretText } from '../../protocol/secret.ts';

/** Where the store's deployment is and as whom we come; holds the password in the clear, so it is made late and never kept in an error. */
export interface StoreAddress {
  readonly url: string;
  readonly database: string;
  readonly user: string | null;
  /** `host:port,host:port/database`: without secrets, for people. */
  readonly label: string;
}

/** Where the store is when neither the URL nor the configuration names a database. */
export const defaultDatabase = 'lockstep_control';

/** Several hosts with commas between are no URL for the platform's parser: it is given the first. */
const shape = /^(mongodb(?:\+srv)?:\/\/(?:[^@/?]*@)?)([^@/?,]+)((?:,[^@/?,]+)*)((?:[/?].*)?)$/;

interface Parts {
  readonly url: URL;
  readonly hosts: string;
}

/** Null: it is no URL of MongoDB. The driver says what else is wrong with one that is. */
export function readMongodbUrl(text: string): Parts | null {
  const [, start, host, others, rest] = shape.exec(text) ?? [];
  const url = URL.parse(`${start}${host}${rest}`);
  if (url === null || host === undefined || !isWellEscaped(url)) return null;
  return { url, hosts: `${host}${others}` };
}

function isWellEscaped({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** Throws for what the configuration has looked for. */
export function readAddress(url: SecretText | string, database: string | null = null): StoreAddress {
  const text = url instanceof SecretText ? url.reveal() : url;
  const parts = readMongodbUrl(text);
  if (parts === null) throw new TypeError('the configuration was not validated');
  const part = (encoded: string): string | null => (encoded === '' ? null : decodeURIComponent(encoded));
  const name = database ?? part(parts.url.pathname.slice(1)) ?? defaultDatabase;
  return {
    url: text,
    database: name,
    user: part(parts.url.username),
    label: `${parts.hosts}/${name}`,
  };
}

/** What stands in the URL and must not be shown by itself either, as it is written and as it is meant. */
export function secretsIn(url: SecretText): readonly SecretText[] {
  const parts = readMongodbUrl(url.reveal());
  if (parts === null) return [];
  const { password, searchParams } = parts.url;
  const hidden = [
    password,
    decodeURIComponent(password),
    ...secretOptions.map((name) => searchParams.get(name) ?? ''),
  ];
  return [...new Set(hidden)].filter((text) => text !== '').map((text) => new SecretText(text));
}

const secretOptions = ['tlsCertificateKeyFilePassword', 'proxyPassword'];
