import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Db, MongoClient } from 'mongodb';
import type { Follower } from '../../live/follower.ts';
import type { LiveSides } from '../../live/trial.ts';
import { databaseUrl } from '../server.ts';
import { expectSameBytes } from '../truth.ts';
import { collections } from './collections.ts';
import type { MongoLiveServers } from './servers.ts';

const lookEveryMs = 5;
const looksPerSecond = 1000 / lookEveryMs;

/** A source and a target database of one contestant's own, one on each server. */
export class MongoSides implements LiveSides {
  readonly name = `bench_${randomBytes(4).toString('hex')}`;
  readonly scratch: string;
  readonly source: string;
  readonly target: string;
  readonly sourceDb: Db;
  readonly targetDb: Db;
  readonly #servers: MongoLiveServers;
  readonly #clients: readonly MongoClient[];
  #marks = 0;

  private constructor(servers: MongoLiveServers) {
    this.#servers = servers;
    this.scratch = servers.scratch;
    this.source = databaseUrl(servers.source, this.name);
    this.target = databaseUrl(servers.target, this.name);
    const [source, target] = [new MongoClient(this.source), new MongoClient(this.target)];
    this.#clients = [source, target];
    this.sourceDb = source.db();
    this.targetDb = target.db();
  }

  /** `fill`: what is at the source before anybody follows. */
  static async open(servers: MongoLiveServers, fill: (source: Db) => Promise<void>): Promise<MongoSides> {
    const sides = new MongoSides(servers);
    servers.adopt(sides);
    for (const db of [sides.sourceDb, sides.targetDb]) {
      for (const collection of collections) await db.createCollection(collection);
      await db.collection('bench_commits').createIndex({ writer: 1, n: -1 });
    }
    await fill(sides.sourceDb);
    return sides;
  }

  async mark(): Promise<number> {
    this.#marks += 1;
    await this.sourceDb.collection<{ _id: number }>('bench_marker').insertOne({ _id: this.#marks });
    return this.#marks;
  }

  async seen(mark: number, follower: Follower): Promise<void> {
    const markers = this.targetDb.collection<{ _id: number }>('bench_marker');
    for (let look = 1; (await markers.findOne({ _id: mark })) === null; look += 1) {
      if (look % looksPerSecond === 0) await follower.expectAlive();
      await delay(lookEveryMs);
    }
  }

  async expectSame(): Promise<void> {
    for (const collection of collections) await expectSameBytes(this.sourceDb, this.targetDb, collection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#servers.release(this);
    for (const db of [this.sourceDb, this.targetDb]) await db.dropDatabase();
    for (const client of this.#clients) await client.close();
  }
}
