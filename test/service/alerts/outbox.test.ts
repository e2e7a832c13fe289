import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlertMessage } from '../../../src/protocol/alerts.ts';
import type { CheckpointEntry } from '../../../src/protocol/control-store.ts';
import { mostWaiting, Outbox } from '../../../src/service/alerts/outbox.ts';

const message = (number: number): AlertMessage => ({
  id: `shop/lag/${number}/firing`,
  pipeline: 'shop',
  alert: 'lag',
  state: 'firing',
  severity: 'warning',
  text: 't',
  nextStep: 'n',
  runbook: 'r',
  atMs: number,
  sinceMs: number,
  missed: 0,
});

const messages = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => message(from + index));

/** What a store has after these entries. */
function saved(into: Map<string, CheckpointEntry['value']>, entries: readonly CheckpointEntry[]): void {
  for (const { name, value } of entries)
    if (value === undefined) into.delete(name);
    else into.set(name, value);
}

test('numbers sort as they were given', () => {
  const outbox = new Outbox('mail', []);
  const names = [...outbox.add(messages(1, 3)), ...outbox.add(messages(4, 20))].map(({ name }) => name);
  expect([...names].sort()).toEqual(names);
});

test('over the bound the oldest go, and the next one says how many', () => {
  const outbox = new Outbox('mail', []);
  outbox.add(messages(0, mostWaiting));
  outbox.add(messages(mostWaiting, 2));
  outbox.add(messages(mostWaiting + 2, 3));
  expect(outbox.waiting).toHaveLength(mostWaiting);
  expect(outbox.waiting[0]?.message).toMatchObject({ id: 'shop/lag/5/firing', missed: 5 });
  expect(outbox.waiting[1]?.message.missed).toBe(0);
});

test('what is saved is what waits, whatever is added and taken', () => {
  const steps = fc.array(
    fc.oneof(
      fc.nat(300).map((add) => ({ add })),
      fc.constant({ take: true }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const outbox = new Outbox('mail', []);
      const store = new Map<string, CheckpointEntry['value']>();
      let next = 0;
      for (const step of all) {
        if ('add' in step) {
          saved(store, outbox.add(messages(next, step.add)));
          next += step.add;
        } else {
          const [first] = outbox.waiting;
          if (first !== undefined) saved(store, [outbox.remove(first.number)]);
        }
      }
      const wanted = outbox.waiting.map(({ message: each }) => each);
      expect([...store].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)).toEqual(wanted);
      expect(wanted.map(({ atMs }) => atMs)).toEqual(wanted.map(({ atMs }) => atMs).sort((a, b) => a - b));
      expect(wanted.length).toBeLessThanOrEqual(mostWaiting);
    }),
  );
});
