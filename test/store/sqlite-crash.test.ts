import { describe } from 'vitest';
import { testKilledWriters } from './killed-writers.ts';
import { StoreDirectory } from './sqlite-fixture.ts';

describe('a process that is killed while it writes', () => {
  testKilledWriters({
    saveKills: 30,
    raiseKills: 8,
    makePlace: async () => {
      const directory = new StoreDirectory();
      return { place: directory.file, [Symbol.asyncDispose]: async () => directory[Symbol.dispose]() };
    },
  });
});
