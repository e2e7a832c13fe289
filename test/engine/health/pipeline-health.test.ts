import { expect, test } from 'vitest';
import { EventBus } from '../../../src/engine/event-bus.ts';
import { PipelineHealth } from '../../../src/engine/health/pipeline-health.ts';
import type { EventMap } from '../../../src/protocol/events.ts';
import type { PipelineStatus } from '../../../src/protocol/status.ts';

const pipeline = 'shop';

function follow() {
  const events = new EventBus((error) => {
    throw error;
  });
  const clock = { now: 1_000_000 };
  const health = new PipelineHealth(pipeline, { events, now: () => clock.now });
  const retry = (what: string, code: EventMap['retry']['code'] = 'connection-refused') =>
    events.emit('retry', { pipeline, what, code, message: 'm', attempt: 1, delayMs: 1 });
  const failed = (code: EventMap['failed']['code'], collection: string | null = null) =>
    events.emit('failed', { pipeline, collection, code, class: 'pipeline', message: 'm' });
  const say = (status: PipelineStatus) =>
    events.emit('status', { pipeline, status, reason: '', nextStep: '' });
  const rows = () =>
    events.emit('rows.done', { pipeline, collection: 'c', verb: 'copied', rows: 1, bytes: 1 });
  return { events, clock, health, retry, failed, say, rows };
}

test('failures are counted until something succeeds', () => {
  const { health, retry, say, rows } = follow();
  for (let count = 0; count < 3; count += 1) retry('apply');
  expect(health.report().failuresInARow).toBe(3);
  rows();
  expect(health.report().failuresInARow).toBe(0);
  retry('apply');
  say('degraded');
  expect(health.report().failuresInARow).toBe(1);
  say('live');
  expect(health.report().failuresInARow).toBe(0);
});

test('a failure and the start after it are one', () => {
  const { health, retry, failed } = follow();
  for (let count = 0; count < 3; count += 1) {
    failed('retries-exhausted');
    retry('the pipeline', 'retries-exhausted');
  }
  retry('the pipeline');
  expect(health.report()).toMatchObject({ failuresInARow: 4, recent: { succeeded: 0, failed: 4 } });
});

test('a collection that stops, an interruption and a takeover are no failures of the pipeline', () => {
  const { health, failed } = follow();
  failed('column-unknown', 'orders');
  failed('interrupted');
  failed('fence-lost');
  expect(health.report()).toMatchObject({ failuresInARow: 0, recent: { failed: 1 } });
});

test('a side is out of reach from the first failure to begin until both answer', () => {
  const { health, clock, retry, say } = follow();
  retry('the pipeline');
  clock.now += 5000;
  retry('the pipeline');
  say('failed');
  say('starting');
  expect(health.report().unreachableSinceMs).toBe(1_000_000);
  say('copying');
  expect(health.report().unreachableSinceMs).toBeNull();
  retry('the pipeline', 'lease-held');
  expect(health.report().unreachableSinceMs).toBeNull();
});

test('after five minutes an outcome is forgotten', () => {
  const { health, clock, retry, events } = follow();
  retry('apply');
  clock.now += 200_000;
  events.emit('pass.finished', { pipeline, result: 'equal', seconds: 1 });
  events.emit('pass.finished', { pipeline, result: 'failed', seconds: 1 });
  expect(health.report().recent).toEqual({ succeeded: 1, failed: 1 });
  clock.now += 200_000;
  expect(health.report().recent).toEqual({ succeeded: 1, failed: 0 });
});

test('others’ events are others’', () => {
  const { health, events } = follow();
  events.emit('retry', {
    pipeline: 'crm',
    what: 'apply',
    code: 'connection-lost',
    message: 'm',
    attempt: 1,
    delayMs: 1,
  });
  expect(health.report().failuresInARow).toBe(0);
  health[Symbol.dispose]();
});
