import type { Connector } from '../protocol/connector.ts';

/** The only place that knows all connectors. Each is imported when a configuration names it. */
const connectors: Readonly<Record<string, () => Promise<Connector>>> = {
  mongodb: async () => (await import('../connectors/mongodb/connector.ts')).mongodbConnector,
  postgres: async () => (await import('../connectors/postgres/connector.ts')).postgresConnector,
};

export const connectorNames: readonly string[] = Object.keys(connectors);

/** Null: there is no connector of this name. */
export async function loadConnector(name: string): Promise<Connector | null> {
  const load = Object.hasOwn(connectors, name) ? connectors[name] : undefined;
  return load === undefined ? null : load();
}

/** What a URL begins with → who understands the rest. */
const schemes: Readonly<Record<string, string>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mongodb:': 'mongodb',
  'mongodb+srv:': 'mongodb',
};

export const urlSchemes: readonly string[] = Object.keys(schemes).map((scheme) => `${scheme}//`);

/** Null: none. By its beginning alone: several hosts make a URL that the platform’s parser refuses. */
export function connectorOfUrl(url: string): string | null {
  const [scheme = ''] = /^[a-z0-9+.-]+:(?=\/\/)/i.exec(url) ?? [];
  const known = scheme.toLowerCase();
  return (Object.hasOwn(schemes, known) ? schemes[known] : undefined) ?? null;
}
