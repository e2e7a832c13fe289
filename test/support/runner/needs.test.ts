import { expect, test } from 'vitest';
import { serversNeededBy } from './needs.ts';

test.each([
  ['test/a.test.ts', []],
  ['test/pg.test.ts', []],
  ['test/a.pg.test.ts', ['pg']],
  ['test/a.mongo.test.ts', ['mongo']],
  ['test/a.mongo8.test.ts', ['mongo8']],
  ['test/some.thing.kafka.pg.test.ts', ['pg', 'kafka']],
  ['C:\\test\\a.browser.test.ts', ['browser']],
])('%s needs %j', (file, expected) => {
  expect(serversNeededBy(file)).toEqual(expected);
});
