import { SecretText } from '../../protocol/secret.ts';

export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
}

/** Where the store's server is and as whom we come; holds the password in the clear, so it is made late and never kept in an error. */
export interface StoreAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: TlsSettings | null;
  /** `host:port/database`: without secrets, for people. */
  readonly label: string;
}

/** Throws a URIError for a malformed escape, which the configuration has looked for. */
export function readAddress(url: SecretText | string): StoreAddress {
  const parsed = new URL(url instanceof SecretText ? url.reveal() : url);
  const part = (text: string): string | null => (text === '' ? null : decodeURIComponent(text));
  const host =
    parsed.searchParams.get('host') ?? part(parsed.hostname.replace(/^\[|\]$/g, '')) ?? 'localhost';
  const port = Number(parsed.searchParams.get('port') ?? (parsed.port || 5432));
  const user = part(parsed.username) ?? 'postgres';
  const database = part(parsed.pathname.slice(1)) ?? user;
  return {
    host,
    port,
    database,
    user,
    password: part(parsed.password) ?? '',
    tls: tlsOf(parsed.searchParams.get('sslmode')),
    label: `${host}:${port}/${database}`,
  };
}

/**
 * As libpq reads `sslmode`, but `prefer` and `allow` mean no TLS: what may silently fall back protects nothing. The connector has the same
 * table; a store imports no connector, and what one driver is told of TLS is no word of the protocol.
 */
function tlsOf(mode: string | null): TlsSettings | null {
  switch (mode) {
    case 'require':
    case 'no-verify':
      return { rejectUnauthorized: false };
    case 'verify-ca':
    case 'verify-full':
      return { rejectUnauthorized: true };
    default:
      return null;
  }
}
