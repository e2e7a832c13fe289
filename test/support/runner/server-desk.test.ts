import { expect, test } from 'vitest';
import { ServerDesk } from './server-desk.ts';

test('the desk says why a server can not be had, and remembers which file asked', async () => {
  await using desk = new ServerDesk();
  const url = await desk.open();
  const response = await fetch(`${url}/can-have/kafka?file=test%2Fa.kafka.test.ts`);
  expect(await response.json()).toEqual({
    attempts: ['Kafka:', 'the test support for it is not written yet'],
  });
  expect([...desk.notRun.keys()]).toEqual(['test/a.kafka.test.ts']);
});
