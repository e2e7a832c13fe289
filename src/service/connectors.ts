import type { Connector } from '../protocol/connector.ts';

/** The only place that knows all connectors. Each is imported when a configuration names it. */
const connectors: Readonly<Record<string, () => Promise<Connector>>> = {
  postgres: async () => (await import('../connectors/postgres/connector.ts')).postgresConnector,
};

export const connectorNames: readonly string[] = Object.keys(connectors);

/** Null: there is no connector of this name. */
export async function loadConnector(name: string): Promise<Connector | null> {
  const load = Object.hasOwn(connectors, name) ? connectors[name] : undefined;
  return load === undefined ? null : load();
}
