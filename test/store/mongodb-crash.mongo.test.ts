import { describe } from 'vitest';
import { testKilledWriters } from './killed-writers.ts';
import { mongodbPlace } from './mongodb-fixture.ts';

describe('a process that is killed while it writes to MongoDB', () => {
  testKilledWriters({ saveKills: 5, raiseKills: 2, makePlace: mongodbPlace });
});
