import { describe } from 'vitest';
import { testKilledWriters } from './killed-writers.ts';
import { postgresPlace } from './postgres-fixture.ts';

describe('a process that is killed while it writes to PostgreSQL', () => {
  testKilledWriters({ saveKills: 12, raiseKills: 5, makePlace: postgresPlace });
});
