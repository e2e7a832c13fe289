import { describe } from 'vitest';
import { testKilledWriters } from './killed-writers.ts';
import { sqlitePlace } from './sqlite-fixture.ts';

describe('a process that is killed while it writes', () => {
  testKilledWriters({ saveKills: 30, raiseKills: 8, makePlace: sqlitePlace });
});
