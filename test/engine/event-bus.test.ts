import { describe, expect, test } from 'vitest';
import { EventBus } from '../../src/engine/event-bus.ts';

const finished = { pipeline: 'shop', collection: 'users', partition: 'p1' };
const failOnError = (error: Error) => {
  throw error;
};

describe('EventBus', () => {
  test('tells each handler of its event, at once and in order', () => {
    const bus = new EventBus(failOnError);
    const told: string[] = [];
    bus.on('partition.finished', ({ partition }) => told.push(`first ${partition}`));
    bus.on('partition.finished', ({ partition }) => told.push(`second ${partition}`));
    bus.on('notice', () => told.push('notice'));
    bus.emit('partition.finished', finished);
    expect(told).toEqual(['first p1', 'second p1']);
  });

  test('a handler that ended hears nothing; the same function registered twice ends one by one', () => {
    const bus = new EventBus(failOnError);
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    const endFirst = bus.on('partition.finished', count);
    bus.on('partition.finished', count);
    endFirst();
    endFirst();
    bus.emit('partition.finished', finished);
    expect(calls).toBe(1);
  });

  test('a handler that throws disturbs nobody and is reported', () => {
    const reported: string[] = [];
    const bus = new EventBus((error, name) => reported.push(`${name}: ${error.message}`));
    const told: string[] = [];
    bus.on('partition.finished', () => {
      throw new Error('no screen');
    });
    bus.on('partition.finished', () => told.push('second'));
    bus.emit('partition.finished', finished);
    expect(told).toEqual(['second']);
    expect(reported).toEqual(['partition.finished: no screen']);
  });

  test('a reporter that throws disturbs nobody', () => {
    const bus = new EventBus(failOnError);
    bus.on('partition.finished', () => failOnError(new Error('no screen')));
    expect(() => bus.emit('partition.finished', finished)).not.toThrow();
  });

  test('handlers may come and go while an event is told', () => {
    const bus = new EventBus(failOnError);
    const told: string[] = [];
    const end = bus.on('partition.finished', () => {
      end();
      bus.on('partition.finished', () => told.push('late'));
      told.push('once');
    });
    bus.on('partition.finished', () => told.push('always'));
    bus.emit('partition.finished', finished);
    expect(told).toEqual(['once', 'always']);
    bus.emit('partition.finished', finished);
    expect(told).toEqual(['once', 'always', 'always', 'late']);
  });
});
