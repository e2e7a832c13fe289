import { setTimeout as pause } from 'node:timers/promises';
import type { DeadLetterPage, RemoveResult, StatusResult } from '../../../index.ts';
import { median } from '../../demo/median.ts';
import type { RunningCommand } from '../../demo/running-command.ts';
import {
  cure,
  cutConnections,
  everyday,
  exchange,
  liveTables,
  poison,
  refusal,
  truncate,
} from './live-load.sql.ts';
import { lockstep, startLockstep } from './lockstep.ts';
import { probe } from './probe.ts';
import type { Stage } from './stage.ts';
import { takeOver } from './takeover.ts';
import type { View } from './view.ts';

const pipeline = 'shop-live';
/** Keys of rows that measure; nothing else uses them. */
const firstProbe = 1_000_000;

export interface Lived {
  readonly changes: number;
  readonly medianMs: number;
  /** Letters that were there at the end: none, since the poison was cured. */
  readonly deadLetters: number;
  /** The engine that stood by did, and had the pipeline after the kill. */
  readonly takenOver: boolean;
  /** Rows that did not arrive in their time. */
  readonly missed: number;
  /** Asked to end, the engine ended well. */
  readonly drained: boolean;
}

/** The pipeline goes on live, under a mixed load and everything that may go wrong, for about so many seconds. */
export async function live(stage: Stage, view: View, seconds: number): Promise<Lived> {
  view.step(
    'lockstep start · the same tables go on live, and two more; each second: latency from commit to visible',
  );
  await stage.source.query(liveTables);
  const state: LiveState = {
    engine: startEngine(stage),
    standby: null,
    takenOver: false,
    probes: 0,
    missed: 0,
    turn: 0,
    all: [],
  };
  try {
    return await liveOn({ stage, view, state }, seconds);
  } finally {
    // What has ended hears nothing of it.
    state.engine.signal('SIGKILL');
    state.standby?.signal('SIGKILL');
  }
}

async function liveOn({ stage, view, state }: Living, seconds: number): Promise<Lived> {
  await caughtUp(stage);
  await stage.target.query(refusal);
  const acts = actsOf(stage, state);
  const endsAt = performance.now() + seconds * 1000;
  for (let second = 0; performance.now() < endsAt || second < acts.length; second += 1) {
    const act = acts[second];
    if (act !== undefined) view.say(`· ${await act()}`);
    const measured = await oneSecond(stage, state);
    view.say(
      `  ${String(state.turn * 3).padStart(6)} changes, commit → visible ${median(measured).toFixed(1)} ms`,
    );
  }
  const deadLetters = await lettersLeft(stage);
  state.engine.signal('SIGTERM');
  const { code } = await state.engine.ended;
  const drained = code === 0;
  view.say(drained ? 'SIGTERM: drained' : `✗ SIGTERM: exit code ${code}`);
  if (state.missed > 0) view.say(`✗ ${state.missed} row(s) did not arrive in their time`);
  const { takenOver, missed } = state;
  return { changes: state.turn * 3, medianMs: median(state.all), deadLetters, takenOver, missed, drained };
}

interface Living {
  readonly stage: Stage;
  readonly view: View;
  readonly state: LiveState;
}

interface LiveState {
  engine: RunningCommand;
  standby: RunningCommand | null;
  takenOver: boolean;
  probes: number;
  missed: number;
  turn: number;
  readonly all: number[];
}

const startEngine = (stage: Stage): RunningCommand => startLockstep(['start', pipeline, '--no-http'], stage);

/** What happens while the load goes on, one a second; each says what it did. */
function actsOf(stage: Stage, state: LiveState): readonly (() => Promise<string>)[] {
  const { source, target } = stage;
  return [
    async () => {
      // Early: for as long as a lease lasts it takes the first for dead.
      state.standby = startEngine(stage);
      return 'inserts, updates, deletes, rows above 8 kB, all tables; a second engine is started, to stand by';
    },
    async () => {
      await lateCommit(stage);
      return 'a transaction that began before the others and commits after them';
    },
    async () => {
      await source.query(exchange(11, 12));
      return 'two customers exchange their e-mail addresses';
    },
    async () => {
      await source.query(truncate);
      return 'a truncate';
    },
    async () => {
      await source.query(poison);
      return 'a row that the target refuses: it becomes a dead letter, the others flow';
    },
    async () => {
      await source.query(cutConnections);
      await target.query(cutConnections);
      return 'all connections cut, on both sides';
    },
    () => killTheOwner(stage, state),
    async () => {
      await source.query(cure);
      return 'the poisoned row is mended at the source: its letter goes';
    },
  ];
}

/** Whoever owns the pipeline goes, and what is committed after that must arrive all the same. */
async function killTheOwner(stage: Stage, state: LiveState): Promise<string> {
  const standby = state.standby ?? startEngine(stage);
  const { engine } = state;
  const arrives = async (): Promise<boolean> => (await probed(stage, state)) !== null;
  const trouble = await takeOver({ stage, pipeline, engine, standby, meanwhile: arrives });
  state.engine = standby;
  state.takenOver = trouble === null;
  return trouble === null ? '⚡ SIGKILL: the engine that stood by has taken over' : `✗ SIGKILL: ${trouble}`;
}

async function probed({ source, target }: Stage, state: LiveState): Promise<number | null> {
  state.probes += 1;
  const waitedMs = await probe(source, target, { id: firstProbe + state.probes });
  if (waitedMs === null) state.missed += 1;
  return waitedMs;
}

/** Its rows take their numbers now; they are committed while others have long been. */
async function lateCommit({ connectSource }: Stage): Promise<void> {
  const late = await connectSource();
  await late.query(`BEGIN; INSERT INTO shop.baskets VALUES (500, 'late')`);
  setTimeout(() => {
    late.query('COMMIT').then(
      () => late[Symbol.asyncDispose](),
      () => late[Symbol.asyncDispose](),
    );
  }, 900);
}

/** A second of load, with a probe now and then. */
async function oneSecond(stage: Stage, state: LiveState): Promise<readonly number[]> {
  const measured: number[] = [];
  const endsAt = performance.now() + 1000;
  while (performance.now() < endsAt) {
    const statements = everyday(state.turn);
    await stage.source.query(statements[state.turn % statements.length] ?? '');
    state.turn += 1;
    if (state.turn % 5 !== 0) continue;
    const waitedMs = await probed(stage, state);
    if (waitedMs !== null) measured.push(waitedMs);
  }
  state.all.push(...measured);
  return measured;
}

/** `status` says so, from the control store, whatever process runs the pipeline. */
async function caughtUp(stage: Stage): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const [found] = await lockstep<readonly StatusResult[]>(['status', pipeline], stage, [0, 1, 2]);
    if (found?.status === 'live') return;
    await pause(200);
  }
  throw new Error('the live pipeline did not catch up');
}

async function lettersLeft(stage: Stage): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const { letters } = await lockstep<DeadLetterPage>(['dead-letters', pipeline, 'list'], stage, [0, 2]);
    if (letters.length === 0 || tries > 20) return letters.length;
    await pause(200);
  }
}

/** Nothing of ours stays behind: slots, publications, state. */
export async function removeAll(stage: Stage, view: View): Promise<void> {
  view.step('lockstep remove · slots, publications and our own state go; what the targets hold stays');
  const documents = 'database' in stage.documents ? ['shop-documents'] : [];
  for (const name of [...documents, 'shop-live', 'shop']) {
    const { left } = await lockstep<RemoveResult>(['remove', name, '--yes'], stage);
    if (left.length > 0) view.say(`left behind: ${left.join(', ')}`);
  }
  const { rows } = await stage.source.query('SELECT FROM pg_replication_slots');
  view.say(`${rows.length} replication slots are left`);
}
