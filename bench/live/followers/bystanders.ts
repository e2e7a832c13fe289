import pg from 'pg';
import type { Follower, FollowerOf } from '../follower.ts';

const bystander: Follower = {
  follows: false,
  start: async () => {},
  ready: async () => {},
  expectAlive: async () => {},
  cost: () => ({ cpuSeconds: 0, peakRssMb: 0 }),
  stop: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

/** The table as it is. */
export const nobody: FollowerOf = () => bystander;

/** What many do by hand: a row trigger that notifies of each row, with the row, and one session that listens. */
export const notifyPerRow =
  (table: string): FollowerOf =>
  (sides) => {
    let listener: pg.Client | null = null;
    const stop = async (): Promise<void> => {
      await listener?.end();
      listener = null;
    };
    const start = async (): Promise<void> => {
      await sides.execute(sides.source, notifyTrigger(table));
      listener = new pg.Client({ connectionString: sides.source });
      await listener.connect();
      await listener.query('LISTEN bench');
    };
    return { ...bystander, start, stop, [Symbol.asyncDispose]: stop };
  };

const notifyTrigger = (table: string): string => `
  CREATE FUNCTION bench_notify() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_notify('bench', row_to_json(NEW)::text);
    RETURN NULL;
  END $$;
  CREATE TRIGGER bench_notify AFTER INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION bench_notify()`;
