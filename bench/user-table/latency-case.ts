import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { idOf } from '../../src/recipes/user-table/demo/schemas.sql.ts';
import { type BenchmarkOptions, type CaseReport, costOf, median, type Run } from '../harness/benchmark.ts';
import { latencyOf } from '../harness/latency.ts';
import { startRecipe } from './ours.ts';
import type { Town } from './town.ts';

const users = 10_000;
const changesPerSecond = 200;
const warmUpSeconds = 3;

/** How long a change of the marketplace takes to be seen in the chat while 200 change each second. */
export async function latencyCase(town: Town, { quick, rounds, log }: BenchmarkOptions): Promise<CaseReport> {
  await town.fill(users);
  const runs: Run[] = [];
  for (let round = 1; round <= (rounds ?? (quick ? 1 : 3)); round += 1) {
    const run = await oneRound(town, quick ? 5 : 30);
    runs.push(run);
    log(
      `latency round ${round} ours: p50 ${run.latencyMs?.p50} ms, p99 ${run.latencyMs?.p99} ms, ${Math.round(run.peakRssMb)} MB`,
    );
  }
  const ofRounds = runs.flatMap(({ latencyMs }) => latencyMs ?? []);
  const p50 = median(ofRounds.map((each) => each.p50));
  const p99 = median(ofRounds.map((each) => each.p99));
  return {
    case: 'latency',
    ours: p50,
    peers: {},
    ratios: {},
    unit: 'ms (p50)',
    ...costOf(runs),
    latencyMs: { p50, p99, peers: {} },
  };
}

async function oneRound(town: Town, seconds: number): Promise<Run> {
  await town.emptyChat();
  const { source, target } = town.databases;
  const service = startRecipe(['setup'], town.environment());
  const [writer, reader] = [
    new pg.Client({ connectionString: source }),
    new pg.Client({ connectionString: target }),
  ];
  await Promise.all([writer.connect(), reader.connect()]);
  try {
    await untilLive(service.output);
    await change(writer, warmUpSeconds);
    const samples = await measure(writer, reader, seconds);
    return { seconds, ...service.cost.end(), latencyMs: latencyOf(samples) };
  } finally {
    service.child.kill('SIGTERM');
    await service.ended;
    await Promise.all([writer.end(), reader.end()]);
  }
}

async function untilLive(output: () => string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (output().includes('Status: live')) return;
    await delay(100);
  }
  throw new Error(`the service did not become live: ${output()}`);
}

let turn = 0;
const edit = (): string => {
  turn += 1;
  return `UPDATE users SET first_name = 'Edit${turn}', updated_at = now() WHERE id = '${idOf(1 + ((turn * 37) % 9_000))}'`;
};

async function change(writer: pg.Client, seconds: number): Promise<void> {
  const startedAt = performance.now();
  for (let done = 0; done < seconds * changesPerSecond; done += 1) {
    await writer.query(edit());
    await delay(Math.max(0, startedAt + ((done + 1) * 1000) / changesPerSecond - performance.now()));
  }
}

/** Each tenth change is one that is waited for; the others go on meanwhile. */
async function measure(writer: pg.Client, reader: pg.Client, seconds: number): Promise<readonly number[]> {
  const samples: number[] = [];
  const startedAt = performance.now();
  let waiting: Promise<void> = Promise.resolve();
  for (let done = 0; done < seconds * changesPerSecond; done += 1) {
    if (done % 10 === 0) {
      await waiting;
      const name = `Probe${done}`;
      const sentAt = performance.now();
      await writer.query(`UPDATE users SET first_name = '${name}' WHERE id = '${idOf(9_500)}'`);
      waiting = seen(reader, name).then((at) => void samples.push(at - sentAt));
    } else await writer.query(edit());
    await delay(Math.max(0, startedAt + ((done + 1) * 1000) / changesPerSecond - performance.now()));
  }
  await waiting;
  return samples;
}

async function seen(reader: pg.Client, name: string): Promise<number> {
  for (;;) {
    const { rows } = await reader.query<{ name: string }>(
      `SELECT name FROM users WHERE id = '${idOf(9_500)}'`,
    );
    if (rows[0]?.name.startsWith(`${name} `) === true) return performance.now();
    await delay(0);
  }
}
