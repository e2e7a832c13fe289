import { expect, test } from 'vitest';
import { openEnvironment } from '../../../src/index.ts';
import { LimitWatch, limitsOf, type Readings } from '../../../src/recipes/user-table/limits.ts';
import { readSettings } from '../../../src/recipes/user-table/settings/settings.ts';

const settings = readSettings(
  openEnvironment({
    variables: Object.fromEntries(
      ['SOURCE_DB', 'CHAT_DB'].flatMap((side) =>
        ['HOST', 'NAME', 'USER', 'PASSWORD'].map((name) => [`${side}_${name}`, 'x']),
      ),
    ),
    cwd: '/nowhere',
    defaultEnvFile: '/nowhere/.env',
  }),
);

const well: Readings = {
  memoryMb: 500,
  sourcePoolPercent: 80,
  chatPoolPercent: 80,
  failedPercent: 1,
  consecutiveFailures: 5,
};

function watching() {
  const clock = { now: 0 };
  const told: string[] = [];
  const log = (level: string, message: string) => void told.push(`${level} ${message}`);
  return { watch: new LimitWatch(limitsOf(settings), log, () => clock.now), told, clock };
}

test('UT-50 at a limit nothing is said', () => {
  const { watch, told } = watching();
  watch.look(well);
  expect(told).toEqual([]);
  expect(watch.passed).toEqual([]);
});

test.each<readonly [keyof Readings, number, string]>([
  ['memoryMb', 500.1, 'Memory'],
  ['sourcePoolPercent', 81, 'SOURCE_DB_POOL_SIZE'],
  ['chatPoolPercent', 81, 'CHAT_DB_POOL_SIZE'],
  ['failedPercent', 1.01, 'More than 1 %'],
  ['consecutiveFailures', 6, 'Consecutive failures'],
])(
  'UT-50 %s above its limit is told once, and that it is over once it has been good for a minute',
  (reads, value, says) => {
    const { watch, told, clock } = watching();
    const bad = { ...well, [reads]: value };
    watch.look(bad);
    watch.look(bad);
    expect(told).toEqual([expect.stringMatching(`^WARNING .*${says}`)]);
    expect(watch.passed).toMatchObject([{ reads }]);
    clock.now = 59_999;
    watch.look(well);
    watch.look(bad);
    clock.now = 2 * 59_999;
    watch.look(well);
    expect(told).toHaveLength(1);
    clock.now += 1;
    watch.look(well);
    expect(told[1]).toMatch(`INFO Over: `);
    expect(watch.passed).toEqual([]);
    watch.look(bad);
    expect(told).toHaveLength(3);
  },
);
