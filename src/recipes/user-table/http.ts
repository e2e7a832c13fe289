import { readFileSync } from 'node:fs';
import { type HttpServer, type OwnAnswer, openOwnPaths } from '../../index.ts';
import { metricsText } from './metrics.ts';
import { statusInOurWords } from './our-words.ts';
import type { UserTableSyncService } from './service.ts';
import type { Settings } from './settings/settings.ts';

type Path = (service: UserTableSyncService) => OwnAnswer;

const json = (status: number, body: unknown): OwnAnswer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(body)}\n`,
});

const health: Path = (service) => {
  const { status, checks, recommendations } = service.health();
  const timestamp = new Date().toISOString();
  const about = { service: 'user-sync-service', version: version() };
  return json(status === 'HEALTHY' ? 200 : 503, { status, timestamp, ...about, checks, recommendations });
};

const paths: Readonly<Record<string, Path>> = {
  '/': health,
  '/health': health,
  '/status': (service) => {
    const { status } = service;
    return json(200, {
      ...service.getSyncStats(),
      pipeline: status === null ? null : statusInOurWords(status),
    });
  },
  '/metrics': (service) => ({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: metricsText(service),
  }),
};

/** Health, statistics and metrics over HTTP. Open before the service runs, so that it can say that it does not. */
export const openHealthServer = (
  service: UserTableSyncService,
  { http, secrets, source, chat }: Settings,
): Promise<HttpServer> =>
  openOwnPaths({
    ...http,
    secrets,
    publicWords: [source, chat].flatMap(({ host, database, user }) => [host, database, user]),
    paths: Object.fromEntries(Object.entries(paths).map(([path, answer]) => [path, () => answer(service)])),
  });

const manifest = new URL('../../../package.json', import.meta.url);

function version(): string {
  const parsed: { readonly version?: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  return parsed.version ?? 'unknown';
}
