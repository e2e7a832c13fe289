import { expect } from 'vitest';
import { answerOf } from '../cli/lockstep.ts';
import type { Child, ChildResult } from '../support/child.ts';
import type { Life } from './life.ts';
import { ProcessWatch } from './process-watch.ts';

/** Asks over HTTP; returns the status. */
export type Asked = (path: string, options?: RequestInit) => Promise<number>;

export interface Service extends AsyncDisposable {
  readonly child: Child;
  readonly asked: Asked;
  /** As a service manager does it. */
  stop(): Promise<ChildResult>;
}

/** Of `shop`, and of a pipeline whose server is away. What it answers, writes, and shows in the list of processes goes to `out`. */
export async function startService(life: Life, out: string[]): Promise<Service> {
  const child = life.start('start', 'shop', 'away', '--http', '127.0.0.1:0');
  const seen = new ProcessWatch(child.pid);
  const { http }: { http: string } = JSON.parse(await child.waitForLine('"msg":"started"'));
  return {
    child,
    asked: async (path, options = {}) => {
      const answer = await fetch(`${http}${path}`, options);
      out.push(await answer.text(), JSON.stringify([...answer.headers]));
      return answer.status;
    },
    stop: async () => {
      seen[Symbol.dispose]();
      expect(seen.texts.join()).toContain('start');
      const end = await child.kill('SIGTERM');
      out.push(...seen.texts, end.stdout, end.stderr);
      return end;
    },
    [Symbol.asyncDispose]: async () => {
      seen[Symbol.dispose]();
      await child[Symbol.asyncDispose]();
    },
  };
}

const resultOf = async (life: Life, ...args: readonly string[]): Promise<unknown> =>
  Object(answerOf(await life.run(...args, '--json'))).result;

export async function statusOf(life: Life): Promise<unknown> {
  const result = await resultOf(life, 'status', 'shop');
  return Array.isArray(result) ? Object(result[0]).status : null;
}

export async function lettersOf(life: Life): Promise<readonly number[]> {
  const { letters }: { letters: readonly { id: number }[] } = Object(
    await resultOf(life, 'dead-letters', 'shop', 'list'),
  );
  return letters.map(({ id }) => id);
}
