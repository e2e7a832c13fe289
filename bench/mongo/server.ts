import { type MongoServer, startMongo } from '../../tools/servers/mongo.ts';

/** A replica set of one member. Its cache holds what is measured, so that its disk is not what is compared. */
export const startBenchMongo = ({ durable }: { readonly durable: boolean }): Promise<MongoServer> =>
  startMongo({ durable, arguments: ['--wiredTigerCacheSizeGB', durable ? '1' : '3'] });

/** As a configuration names a database. */
export const databaseUrl = ({ url }: MongoServer, database: string): string =>
  url.replace('/?', `/${database}?`);
