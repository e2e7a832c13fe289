import type { DemoOptions, DemoResult } from '../../../index.ts';
import { eventually } from '../../demo/eventually.ts';
import { median } from '../../demo/median.ts';
import { RunningCommand } from '../../demo/running-command.ts';
import { sayingSince, type Telling } from '../../demo/telling.ts';
import { type Act, acts, type Living, numberOf } from './acts.ts';
import { insertUsers, updateUser, usersFrom } from './bitsacco.ts';
import { judge } from './judge.ts';
import { setStage } from './stage.ts';

const users = 3_000;
const started = 'FeatBit user sync service started successfully';

/** A Bitsacco and a FeatBit live for a while, with everything that may go wrong; both are proved to agree at the end. */
export async function runDemo({ seconds, signal, write }: DemoOptions): Promise<DemoResult> {
  const say = sayingSince(write);
  say('two MongoDB servers start: a Bitsacco and a FeatBit (members and end users)');
  await using stage = await setStage(signal);
  await insertUsers(stage.bitsacco, usersFrom(1, users));
  say(`${users.toLocaleString('en')} users are at Bitsacco · lockstep featbit:sync`);
  const living: Living = { stage, service: new RunningCommand(['featbit:sync'], stage) };
  try {
    await living.service.says(started);
    say(`all are in FeatBit: ${(await judge(stage)).users.toLocaleString('en')} by an export of both sides`);
    return await live(living, { seconds, signal, say });
  } finally {
    living.service.signal('SIGKILL');
    await living.service.ended;
  }
}

async function live(living: Living, telling: Telling): Promise<DemoResult> {
  const { seconds, signal, say } = telling;
  const waits: number[] = [];
  const endsAt = performance.now() + (seconds * 1000) / 3;
  const remaining: Act[] = [...acts];
  for (let turn = 0; performance.now() < endsAt || remaining.length > 0; turn += 1) {
    signal.throwIfAborted();
    const act = remaining.shift();
    if (act !== undefined) say(`· ${await act(living)}`);
    for (let probe = 0; probe < 10; probe += 1) waits.push(await timed(living, turn * 10 + probe));
    say(`    a change at Bitsacco is in FeatBit after ${median(waits.slice(-10)).toFixed(0)} ms`);
  }
  return await prove(living, { waits, say });
}

async function timed({ stage }: Living, turn: number): Promise<number> {
  const number = 1 + (turn % 500);
  const name = `Probe ${turn}`;
  await updateUser(stage.bitsacco, number, { 'profile.name': name });
  const sentAt = performance.now();
  await eventually(
    'the probe is in FeatBit',
    async () => (await numberOf(stage.featbit, 'Users', { name })) === 1,
  );
  return performance.now() - sentAt;
}

async function prove(
  { stage, service }: Living,
  { waits, say }: { readonly waits: readonly number[]; readonly say: (line: string) => void },
): Promise<DemoResult> {
  const seeded = await new RunningCommand(['featbit:seed', '--json'], stage).ended;
  say(`lockstep featbit:seed · ${seeded.code === 0 ? 'nothing differs' : 'they DIFFER'}`);
  const verdict = await judge(stage);
  say(`a sorted export of both sides: ${verdict.users} users ${verdict.equal ? 'equal' : 'DIFFERENT'}`);
  service.signal('SIGTERM');
  const { code } = await service.ended;
  say(`SIGTERM: drained, exit code ${code}`);
  const cleaned = await new RunningCommand(['featbit:clean'], stage).ended;
  const left = await numberOf(stage.featbit, 'Users', {});
  say(
    `lockstep featbit:clean · FeatBit has ${left} users left: the one who set it up, and the one made by hand`,
  );
  const verified = seeded.code === 0 && verdict.equal;
  return {
    name: 'featbit-users',
    ok: verified && code === 0 && cleaned.code === 0 && left === 2,
    verified,
    drift: verified ? 0 : 1,
    deadLetters: service.said('A user can’t be synchronized'),
    users: verdict.users,
    latencyMs: { p50: Math.round(median(waits) * 10) / 10 },
  };
}
