import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessCost } from '../../harness/process-cost.ts';
import type { Follower, FollowerOf } from '../follower.ts';
import type { Sides } from '../sides.ts';

const lookEveryMs = 20;

/**
 * A native subscription. As it comes its worker commits with `synchronous_commit = off` (what a crash loses is sent again); `durable`:
 * with the server's `on`, as we write.
 */
export const subscription =
  ({ durable }: { readonly durable: boolean }): FollowerOf =>
  (sides) =>
    new Subscription(sides, durable);

class Subscription implements Follower {
  readonly follows = true;
  readonly #sides: Sides;
  readonly #durable: boolean;
  #exists = false;

  constructor(sides: Sides, durable: boolean) {
    this.#sides = sides;
    this.#durable = durable;
  }

  async start(): Promise<void> {
    if (this.#exists) await this.#run('ALTER SUBSCRIPTION bench ENABLE');
    else await this.#create();
  }

  async #create(): Promise<void> {
    const { source, name } = this.#sides;
    await this.#sides.execute(source, 'CREATE PUBLICATION bench FOR ALL TABLES');
    const { hostname, port, username } = new URL(source);
    const connection = `host=${hostname} port=${port} dbname=${name} user=${username}`;
    const options = [`slot_name = '${name}'`, ...(this.#durable ? ['synchronous_commit = on'] : [])];
    await this.#run(
      `CREATE SUBSCRIPTION bench CONNECTION '${connection}' PUBLICATION bench WITH (${options.join(', ')})`,
    );
    this.#exists = true;
  }

  async ready(): Promise<void> {
    await this.#until(`SELECT count(*) = 0 AS yes FROM pg_subscription_rel WHERE srsubstate <> 'r'`);
  }

  async expectAlive(): Promise<void> {
    const [row] = await this.#run(
      `SELECT apply_error_count + sync_error_count AS errors FROM pg_stat_subscription_stats WHERE subname = 'bench'`,
    );
    if (Number(row?.['errors'] ?? 0) > 0)
      throw new Error(`the subscription failed; the log of the target's server says why`);
  }

  cost(): ProcessCost {
    return { cpuSeconds: 0, peakRssMb: 0 };
  }

  async stop(): Promise<void> {
    await this.#run('ALTER SUBSCRIPTION bench DISABLE');
    await this.#until(
      `SELECT count(*) = 0 AS yes FROM pg_stat_subscription WHERE subname = 'bench' AND pid IS NOT NULL`,
    );
    // The sender at the source ends a moment after its receiver.
    const idle = `SELECT count(*) = 0 AS yes FROM pg_replication_slots WHERE slot_name = '${this.#sides.name}' AND active`;
    await this.#until(idle, this.#sides.source);
  }

  #run(sql: string): Promise<readonly Record<string, unknown>[]> {
    return this.#sides.execute(this.#sides.target, sql);
  }

  async #until(question: string, url = this.#sides.target): Promise<void> {
    for (;;) {
      const [row] = await this.#sides.execute(url, question);
      if (row?.['yes'] === true) return;
      await this.expectAlive();
      await delay(lookEveryMs);
    }
  }

  /** Goes with its database. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
