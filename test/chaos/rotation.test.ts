import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { failpoints } from '../../src/protocol/failpoints.ts';
import { keyIdOf, newKey, openSecretsUnderTest, putSealed, sealedWith } from '../service/secrets/fixture.ts';
import { runChild, startChild } from '../support/child.ts';
import { reachedIn } from './lives.ts';

const file = fileURLToPath(new URL('rotation-program.ts', import.meta.url));
const letters = 1_000;
const batches = 5;

/** Letters that the former key sealed, a few of them with rows of some size. */
const sealedLetters = (key: string) =>
  Object.fromEntries(
    Array.from({ length: letters }, (_, index) => [`k${index}`, sealedWith(key, `k${index}`)]),
  );

const points = failpoints.filter((point) => reachedIn[point].lives.includes('keys'));
const deaths = points.flatMap((point) => [1, 3, batches].map((passing) => `${point}:${passing}`));

test.each(deaths)(
  'killed at %s, rotating goes on where it was and loses nothing (rules 4, 8)',
  async (point) => {
    await using under = await openSecretsUnderTest();
    const [newest, former] = [newKey(), newKey()];
    await putSealed(under.store, sealedLetters(former));
    const env = { LOCKSTEP_KEYS: `${newest},${former}`, LOCKSTEP_FAILPOINT: point };
    const killed = await runChild({ file, args: [under.directory], env });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const engine = await under.engine(newest, former);
    expect(await engine.secrets.verify()).toMatchObject({ opened: letters, unopened: 0 });
    const [, ofFormer] = (await engine.secrets.list()).keys.map(({ sealed }) => sealed[0]?.letters ?? 0);
    const passed = Number(point.split(':')[1]) - (point.includes('.before') ? 1 : 0);
    expect(ofFormer).toBe(letters - (letters / batches) * passed);
    expect(await engine.secrets.rotate()).toMatchObject({ resealed: ofFormer, unopened: 0, overtaken: 0 });
    const without = await under.engine(newest);
    expect(await without.secrets.verify()).toEqual({ opened: letters, unopened: 0, samples: [] });
  },
);

test('killed at random moments while letters fail anew, every row can still be opened and is the newest (rules 4, 8)', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  await putSealed(under.store, sealedLetters(former));
  const env = { LOCKSTEP_KEYS: `${newest},${former}` };
  for (let kills = 0; kills < 4; kills += 1) {
    await using child = startChild({ file, args: [under.directory], env });
    await child.waitForLine('begins');
    // An engine that does not know the new key yet goes on sealing with the former one.
    for (let key = 0; key < 8 * (kills + 1); key += 1)
      await putSealed(under.store, { [`k${key}`]: sealedWith(former, `k${key}`) });
    await child.kill();
  }
  expect(await (await under.engine(newest, former)).secrets.rotate()).toMatchObject({
    keyId: keyIdOf(newest),
    unopened: 0,
    overtaken: 0,
  });
  const engine = await under.engine(newest);
  expect(await engine.secrets.verify()).toMatchObject({ opened: letters, unopened: 0 });
});

test.each(['before:1', 'after:1', 'before:3', 'after:3'])(
  'killed at %s of sealing a connection anew, all of them lead where they did, and rotating goes on (rules 4, 8)',
  async (step) => {
    await using under = await openSecretsUnderTest();
    const [newest, former] = [newKey(), newKey()];
    const old = await under.engine(former);
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await old.connections.set(name, `postgres://app:secret@${name}.example/shop`);
    const env = { LOCKSTEP_KEYS: `${newest},${former}`, LOCKSTEP_FAILPOINT: `connection.reseal.${step}` };
    const killed = await runChild({ file, args: [under.directory], env });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const [where, passing] = step.split(':');
    const done = Number(passing) - (where === 'before' ? 1 : 0);
    const both = await under.engine(newest, former);
    expect(await both.secrets.verify()).toMatchObject({ opened: names.length, unopened: 0 });
    expect(await both.secrets.rotate()).toMatchObject({ resealed: names.length - done, current: done });
    const { connections } = await (await under.engine(newest)).connections.list();
    expect(connections.map(({ address }) => address)).toEqual(
      names.map((name) => `postgres://app@${name}.example:5432/shop`),
    );
  },
);
