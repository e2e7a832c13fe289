import { setTimeout as delay } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';

const patienceMs = 30_000;

/** A member of a set takes no writes from then on, those of its primary neither. One that has just joined can't be locked for a moment. */
export async function lockMember(member: MongoClient): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      await member.db('admin').command({ fsync: 1, lock: true });
      return;
    } catch (thrown) {
      const isTooNew = String(thrown).includes('less than the initial data timestamp');
      if (!isTooNew || performance.now() > giveUpAt) throw thrown;
    }
    await delay(100);
  }
}
