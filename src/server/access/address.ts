import { usageError } from '../../service/failure.ts';

/** Where the server listens. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

export const defaultAddress: HttpAddress = { host: '127.0.0.1', port: 7878 };

const spelling = /^(?:(?<host>\[[0-9a-f:.]+\]|[^\s:[\]/@]+):)?(?<port>\d{1,5})$/i;

/** `7878`, `0.0.0.0:7878`, `[::1]:7878`; port 0 takes a free one. */
export function parseAddress(text: string): HttpAddress {
  const { host = defaultAddress.host, port = '' } = spelling.exec(text)?.groups ?? {};
  const number = Number(port);
  if (port === '' || number > 65_535)
    throw usageError(
      '--http must be a port, or a host and a port',
      'For example --http 7878 or --http 0.0.0.0:7878',
    );
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

/** Only this machine reaches it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

export const spellAddress = ({ host, port }: HttpAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
