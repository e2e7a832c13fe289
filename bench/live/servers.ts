import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';
import { OpenResources } from './open-resources.ts';

interface Parts {
  readonly source: PostgresServer;
  readonly target: PostgresServer;
  readonly scratch: string;
  readonly owned: AsyncDisposableStack;
}

/** A server for either side, whose commits reach the disk, and a scratch directory; everything goes when it is disposed. */
export class LiveServers extends OpenResources {
  readonly source: PostgresServer;
  readonly target: PostgresServer;
  readonly scratch: string;

  private constructor({ source, target, scratch, owned }: Parts) {
    super(owned);
    this.source = source;
    this.target = target;
    this.scratch = scratch;
  }

  static async start(): Promise<LiveServers> {
    await using owned = new AsyncDisposableStack();
    const source = owned.use(await startDurable());
    const target = owned.use(await startDurable());
    const scratch = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
    owned.defer(() => rm(scratch, { recursive: true, force: true }));
    return new LiveServers({ source, target, scratch, owned: owned.move() });
  }
}

/** Memory for a small machine; no checkpoint in the middle of a measurement that only one of those compared would pay for. */
const startDurable = (): Promise<PostgresServer> =>
  startPostgres({
    version: 18,
    durable: true,
    settings: {
      shared_buffers: '512MB',
      max_wal_size: '8GB',
      checkpoint_timeout: '30min',
      fsync: 'on',
      synchronous_commit: 'on',
    },
  });
