/** What `sslmode` asks for; null: no TLS. As libpq reads it, but `prefer` and `allow` mean no TLS: what may silently fall back protects nothing. */
export const tlsModes: ReadonlyMap<string, { readonly rejectUnauthorized: boolean } | null> = new Map([
  ['disable', null],
  ['allow', null],
  ['prefer', null],
  ['require', { rejectUnauthorized: false }],
  ['no-verify', { rejectUnauthorized: false }],
  ['verify-ca', { rejectUnauthorized: true }],
  ['verify-full', { rejectUnauthorized: true }],
]);

/** Parameters of libpq that name files: who passes over them connects in another way than was asked for. */
const fileParameters = ['sslrootcert', 'sslcert', 'sslkey'] as const;

/** Why a URL can't be used, without any of it; null: it can. */
export function faultOfUrl(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || !isWellEscaped(parsed))
    return 'must be a URL: postgres://user:password@host:5432/database';
  const { searchParams } = parsed;
  const mode = searchParams.get('sslmode');
  // A misspelt one would mean no TLS.
  if (mode !== null && !tlsModes.has(mode))
    return `sslmode must be one of ${[...tlsModes.keys()].join(', ')}`;
  const unread = fileParameters.filter((name) => searchParams.has(name));
  return unread.length === 0 ? null : `${unread.join(', ')} in a URL can’t be read`;
}

function isWellEscaped({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
