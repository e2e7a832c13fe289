import { setTimeout as delay } from 'node:timers/promises';
import { type Db, MongoServerError } from 'mongodb';

interface Watching extends AsyncDisposable {
  /** Every state that was read of it: how many documents, and the words that their values begin with. */
  seen(collection: string): Promise<readonly string[]>;
}

/** The collection was renamed over while it was read: a reader asks again. */
const queryPlanKilled = 175;

/** Reads collections over and over, each time as a whole and in one command, until it is disposed. At full speed, or sparing the machine. */
export function watchStates(db: Db, names: readonly string[], pauseMs = 0): Watching {
  const states = new Map(names.map((name) => [name, new Set<string>()]));
  const over = { is: false };
  const word = { $arrayElemAt: [{ $split: ['$v', ' '] }, 0] };
  const read = async (name: string): Promise<void> => {
    const stages = [{ $group: { _id: word, count: { $sum: 1 } } }, { $sort: { _id: 1 } }];
    const groups = await db.collection(name).aggregate(stages).toArray().catch(nullIfKilled);
    if (groups === null) return;
    states.get(name)?.add(groups.map(({ _id, count }) => `${count} ${_id}`).join(', ') || 'empty');
  };
  const reading = names.map(async (name) => {
    while (!over.is) {
      await read(name);
      if (pauseMs > 0) await delay(pauseMs);
    }
  });
  return {
    seen: async (name) => {
      await read(name);
      return [...(states.get(name) ?? [])].toSorted();
    },
    [Symbol.asyncDispose]: async () => {
      over.is = true;
      await Promise.all(reading);
    },
  };
}

function nullIfKilled(thrown: unknown): null {
  if (thrown instanceof MongoServerError && thrown.code === queryPlanKilled) return null;
  throw thrown;
}
