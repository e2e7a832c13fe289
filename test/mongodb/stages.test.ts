import { expect, test } from 'vitest';
import { stages } from '../../src/connectors/mongodb/feed/stream/stages.ts';

const from = { time: '0000000100000001', token: null };
const of = (wireVersion: number) => stages({ from, wireVersion, names: ['t'], keysOnly: [] });

test('MongoDB 5.0 is asked for nothing that only 6.0 and newer know', () => {
  const [stream] = of(13);
  expect(Object.keys(stream?.['$changeStream'])).toEqual(['startAtOperationTime']);
});

test.each([17, 25])(
  'wire version %d tells more kinds of events, and documents where they are kept',
  (wireVersion) => {
    expect(of(wireVersion)[0]).toMatchObject({
      $changeStream: { showExpandedEvents: true, fullDocument: 'whenAvailable' },
    });
  },
);

test.each([13, 17])(
  'wire version %d: of collections whose keys are enough nothing else is told',
  (wireVersion) => {
    const names = ['t', 'keys'];
    const contents = ['fullDocument', 'updateDescription'];
    const some = stages({ from, wireVersion, names, keysOnly: ['keys'] });
    expect(Object.keys(some.at(-1)?.['$set'])).toEqual(contents);
    expect(stages({ from, wireVersion, names, keysOnly: names }).at(-1)).toEqual({ $unset: contents });
  },
);
