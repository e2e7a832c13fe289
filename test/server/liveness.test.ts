import { expect, test } from 'vitest';
import { EventBus } from '../../src/engine/event-bus.ts';
import { Liveness } from '../../src/server/liveness.ts';

const bus = (): EventBus =>
  new EventBus((error) => {
    throw error;
  });

const status = (word: 'live' | 'paused' | 'failed') => ({
  pipeline: 'shop',
  status: word,
  reason: '',
  nextStep: '',
});

test('a live pipeline that tells nothing for a minute is stuck; whatever it tells then cures it', () => {
  const events = bus();
  let nowMs = 0;
  using liveness = new Liveness(events, () => nowMs);
  nowMs = 1_000_000;
  expect(liveness.stuck()).toEqual([]); // It has not begun.
  events.emit('status', status('live'));
  nowMs += 60_000;
  expect(liveness.stuck()).toEqual([]);
  nowMs += 1;
  expect(liveness.stuck()).toEqual([{ pipeline: 'shop', silentForMs: 60_001 }]);
  events.emit('lag', {
    pipeline: 'shop',
    lag: { kind: 'unknown', atLeastMs: 1 },
    retained: null,
    forgetsInMs: null,
  });
  expect(liveness.stuck()).toEqual([]);
});

test.each(['paused', 'failed'] as const)('a pipeline that is %s need not tell anything', (word) => {
  const events = bus();
  let nowMs = 0;
  using liveness = new Liveness(events, () => nowMs);
  events.emit('status', status('live'));
  events.emit('status', status(word));
  nowMs = 10_000_000;
  expect(liveness.stuck()).toEqual([]);
});
