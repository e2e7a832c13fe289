import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MongoServer } from '../../../tools/servers/mongo.ts';
import { OpenResources } from '../../live/open-resources.ts';
import { startBenchMongo } from '../server.ts';

interface Parts {
  readonly source: MongoServer;
  readonly target: MongoServer;
  readonly scratch: string;
}

/** A server for either side, whose commits reach the disk, and a scratch directory; everything goes when it is disposed. */
export class MongoLiveServers extends OpenResources {
  readonly source: MongoServer;
  readonly target: MongoServer;
  readonly scratch: string;

  private constructor({ source, target, scratch }: Parts, owned: AsyncDisposableStack) {
    super(owned);
    this.source = source;
    this.target = target;
    this.scratch = scratch;
  }

  static async start(): Promise<MongoLiveServers> {
    await using owned = new AsyncDisposableStack();
    const source = owned.use(await startBenchMongo({ durable: true }));
    const target = owned.use(await startBenchMongo({ durable: true }));
    const scratch = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
    owned.defer(() => rm(scratch, { recursive: true, force: true }));
    return new MongoLiveServers({ source, target, scratch }, owned.move());
  }
}
