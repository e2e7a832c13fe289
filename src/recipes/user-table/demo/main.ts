import { setTimeout as pause } from 'node:timers/promises';
import type { DeadLetterPage, DemoOptions } from '../../../index.ts';
import { eventually } from '../../demo/eventually.ts';
import { median } from '../../demo/median.ts';
import { sayingSince, type Telling } from '../../demo/telling.ts';
import type { Verification } from '../commands/verify.ts';
import type { HealthStatus } from '../health.ts';
import { acts, everyday, type Living } from './acts.ts';
import { judge } from './judge.ts';
import { idOf, people } from './schemas.sql.ts';
import { command, ServiceProcess } from './service-process.ts';
import { type Stage, setStage } from './stage.ts';

const users = 10_000;

/** A marketplace and a chat live for a while, with everything that may go wrong; both are proved to agree at the end. */
export async function runDemo({ seconds, signal, write }: DemoOptions) {
  const say = sayingSince(write);
  say('two PostgreSQL servers start: a marketplace (17) and a chat (18)');
  await using stage = await setStage(signal);
  await stage.marketplace.query(people(1, users));
  say(`${users.toLocaleString('en')} users are at the marketplace · lockstep user-table setup`);
  const living: Living = { stage, engine: new ServiceProcess('setup', stage), clashing: [] };
  try {
    return await live(living, { seconds, signal, say });
  } finally {
    living.engine.signal('SIGKILL');
    await living.engine.ended;
  }
}

async function live(living: Living, { seconds, signal, say }: Telling) {
  const { stage } = living;
  await living.engine.healthy();
  const pass = (await living.engine.stats())?.lastSyncDuration ?? 0;
  say(`HEALTHY: all are in the chat; a pass over them takes ${(pass / 1000).toFixed(2)} s`);
  const waits: number[] = [];
  let turn = 0;
  const endsAt = performance.now() + Math.max(acts.length, seconds / 2) * 1000;
  for (let second = 0; performance.now() < endsAt || second < acts.length; second += 1) {
    signal.throwIfAborted();
    const act = acts[second];
    if (act !== undefined) say(`· ${await act(living)}`);
    const measured = await oneSecond(stage, turn);
    turn = measured.turn;
    waits.push(...measured.waits);
    say(
      `    ${await statusLine(living.engine)} · marketplace → chat ${median(measured.waits).toFixed(0)} ms`,
    );
  }
  return await prove(living, { changes: turn, latency: median(waits), say });
}

async function statusLine(engine: ServiceProcess): Promise<string> {
  const { code, text } = await engine.get('/health');
  const stats = await engine.stats();
  const pass = stats?.lastSyncTime == null ? 'no pass yet' : `last pass ${stats.lastSyncDuration} ms`;
  const health = code === 0 ? 'not there' : healthText(JSON.parse(text));
  return `${health.padEnd(9)} this process: synced ${stats?.totalSynced ?? 0}, ${pass}, errors ${stats?.errors ?? 0}`;
}

/** Which checks are false, where it is not healthy. */
function healthText({ status, checks }: HealthStatus): string {
  const failed = Object.entries(checks).flatMap(([name, holds]) => (holds ? [] : [name]));
  return failed.length === 0 ? status : `${status} (${failed.join(', ')})`;
}

/** A second of load; now and then a change is timed until the chat shows it. */
async function oneSecond(
  { marketplace, chat }: Stage,
  from: number,
): Promise<{ readonly turn: number; readonly waits: readonly number[] }> {
  const waits: number[] = [];
  const endsAt = performance.now() + 1000;
  let turn = from;
  while (performance.now() < endsAt) {
    await marketplace.query(everyday(turn));
    turn += 1;
    if (turn % 20 !== 0) {
      await pause(4);
      continue;
    }
    const id = idOf(9000 + (turn % 900));
    await marketplace.query(`UPDATE users SET first_name = 'Probe${turn}' WHERE id = '${id}'`);
    const sentAt = performance.now();
    await eventually('the probe is in the chat', async () => {
      const { rows } = await chat.query<{ name: string }>(`SELECT name FROM users WHERE id = '${id}'`);
      return rows[0]?.name.startsWith(`Probe${turn} `) === true;
    });
    waits.push(performance.now() - sentAt);
  }
  return { turn, waits };
}

async function prove(
  { stage, engine, clashing }: Living,
  {
    changes,
    latency,
    say,
  }: { readonly changes: number; readonly latency: number; readonly say: (line: string) => void },
) {
  await engine.healthy();
  const { answer } = await command('verify', stage);
  const verification = answer['result'] as Verification;
  const { missing, extra, different } = verification.users;
  const drift = missing + extra + different;
  const verdict = await judge(stage, clashing);
  const { rows } = await stage.chat.query<{ messages: number; deactivated: number; open: number }>(
    `SELECT (SELECT count(*)::int FROM messages) AS messages, (SELECT count(*)::int FROM users WHERE "metaData" ->> 'deactivatedAt' IS NOT NULL) AS deactivated,
      (SELECT count(*)::int FROM sync_errors WHERE resolved = false) AS open`,
  );
  say(
    `lockstep user-table verify · marketplace ${verification.sourceCount}, chat ${verification.chatCount}: ${verification.consistent ? 'consistent' : 'NOT consistent'}`,
  );
  say(
    `a sorted export of both sides: ${verdict.users} users ${verdict.equal ? 'equal' : 'DIFFERENT'}, the one with a derived phone aside; ${rows[0]?.deactivated} deactivated, ${rows[0]?.messages} messages kept, ${rows[0]?.open} open row of sync_errors (the shared phone)`,
  );
  const { letters } = (await command('letters', stage)).answer['result'] as DeadLetterPage;
  const deadLetters = letters.length;
  engine.signal('SIGTERM');
  const { code } = await engine.ended;
  say(`SIGTERM: drained, exit code ${code}`);
  const leftBehind = await removeAll(stage, say);
  const isKept = rows[0]?.messages === 25 && rows[0].deactivated === 2;
  const verified = verification.consistent && verdict.equal;
  return {
    name: 'user-table',
    ok: verified && isKept && deadLetters === 0 && code === 0 && !leftBehind,
    verified,
    drift,
    deadLetters,
    users: verdict.users,
    changes,
    latencyMs: { p50: Math.round(latency * 10) / 10 },
  };
}

/** Triggers, log and state go; users and sync_errors stay. True: something is left. */
async function removeAll(stage: Stage, say: (line: string) => void): Promise<boolean> {
  await command('remove', stage);
  const { rows } = await stage.marketplace.query(
    `SELECT tgname FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'lockstep'
     UNION ALL SELECT relname FROM pg_class WHERE oid = to_regclass('public.idx_users_status_updated')`,
  );
  say(`lockstep user-table remove · ${rows.length} objects of ours are left at the marketplace`);
  return rows.length > 0;
}
