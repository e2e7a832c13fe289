import { describe } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { testKilledWriters } from './killed-writers.ts';

describe('a process that is killed while it writes to PostgreSQL', () => {
  testKilledWriters({
    saveKills: 12,
    raiseKills: 5,
    makePlace: async () => {
      const database = await createTestDatabase();
      return { place: database.url, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
    },
  });
});
