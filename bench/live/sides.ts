import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Follower } from './follower.ts';
import type { LiveServers } from './servers.ts';
import { differingTables } from './truth.ts';

export interface Tables {
  /** Made on both sides. */
  readonly tables: string;
  /** Rows of the source that are there before anybody follows. */
  readonly fill: string;
}

const lookEveryMs = 5;
const looksPerSecond = 1000 / lookEveryMs;

/** A source and a target database of one contestant's own, one on each server. */
export class Sides implements AsyncDisposable {
  readonly name = `bench_${randomBytes(4).toString('hex')}`;
  readonly scratch: string;
  readonly source: string;
  readonly target: string;
  readonly #servers: LiveServers;
  #marks = 0;

  private constructor(servers: LiveServers) {
    this.#servers = servers;
    this.scratch = servers.scratch;
    this.source = servers.source.url(this.name);
    this.target = servers.target.url(this.name);
  }

  static async open(servers: LiveServers, { tables, fill }: Tables): Promise<Sides> {
    const sides = new Sides(servers);
    servers.adopt(sides);
    await servers.source.createDatabase(sides.name);
    await servers.target.createDatabase(sides.name);
    for (const url of [sides.source, sides.target])
      await sides.execute(url, `${tables}; CREATE TABLE bench_marker (id int PRIMARY KEY)`);
    if (fill !== '') await sides.execute(sides.source, fill);
    return sides;
  }

  async execute(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = (await client.query(sql)) as { rows: Record<string, unknown>[] };
      return rows;
    } finally {
      await client.end();
    }
  }

  /** A row of its own, committed after everything so far: who shows it has everything. */
  async mark(): Promise<number> {
    this.#marks += 1;
    await this.execute(this.source, `INSERT INTO bench_marker VALUES (${this.#marks})`);
    return this.#marks;
  }

  /** Waits until the target shows the mark; throws when its follower has died. */
  async seen(mark: number, follower: Follower): Promise<void> {
    const client = new pg.Client({ connectionString: this.target });
    await client.connect();
    try {
      for (let look = 1; ; look += 1) {
        const { rowCount } = await client.query(`SELECT 1 FROM bench_marker WHERE id = ${mark}`);
        if (rowCount === 1) return;
        if (look % looksPerSecond === 0) await follower.expectAlive();
        await delay(lookEveryMs);
      }
    } finally {
      await client.end();
    }
  }

  /** Nothing that is left to do from before falls into the measurement. */
  async settle(): Promise<void> {
    for (const url of [this.source, this.target]) {
      await this.execute(url, 'VACUUM ANALYZE');
      await this.execute(url, 'CHECKPOINT');
    }
  }

  /** Ground truth: every table of both sides, by an ordered hash. */
  async expectSame(): Promise<void> {
    const differing = await differingTables(this.source, this.target);
    if (differing.length > 0) throw new Error(`not the same on both sides: ${differing.join('; ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#servers.release(this);
    // The target first: a subscription there holds a slot here.
    await this.#servers.target.dropDatabase(this.name);
    await this.#servers.source.dropDatabase(this.name);
  }
}
