import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Follower } from '../../live/follower.ts';
import { FollowerProcess } from '../../live/followers/process.ts';
import type { MongoSides } from './sides.ts';

const program = fileURLToPath(new URL('../peers/loop.ts', import.meta.url));

/** The bare loop of `peers/loop.ts`, in a process of its own; goes on where it was stopped. */
export function loop({ source, target, scratch, name }: MongoSides): Follower {
  const running = new FollowerProcess('the loop', (line) => line === 'following');
  const place = join(scratch, `${name}.place`);
  return {
    follows: true,
    start: async () =>
      running.follow(
        spawn(process.execPath, [program], {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: { ...process.env, BENCH_SOURCE: source, BENCH_TARGET: target, BENCH_PLACE: place },
        }),
      ),
    ready: () => running.ready(),
    expectAlive: async () => running.expectAlive(),
    cost: () => ({ cpuSeconds: 0, peakRssMb: 0 }),
    stop: () => running.stop(),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
