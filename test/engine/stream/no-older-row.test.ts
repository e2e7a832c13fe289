import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { play } from './model/play.ts';
import { type Script, scripts, tornAgain } from './model/script.ts';

// Pauses take one turn, so that a run is the same each time.
vi.mock('node:timers/promises', () => ({
  setTimeout: (_: number, value: unknown) => new Promise((resolve) => void setImmediate(resolve, value)),
}));

async function expectInOrder(script: Script): Promise<{ readonly lookupsAhead: number }> {
  const { violations, differences, lookupsAhead } = await play(script);
  expect(violations).toEqual([]);
  expect(differences).toEqual([]);
  return { lookupsAhead };
}

describe('no older row is ever written over a newer one, and in the end both sides are equal', () => {
  test.each(Object.entries(scripts))('%s', async (_, script) => {
    let ahead = 0;
    const property = fc.asyncProperty(script, async (each) => {
      ahead += (await expectInOrder(each)).lookupsAhead;
    });
    // To make a failure smaller takes long; what was found by then says enough.
    const limits = { interruptAfterTimeLimit: 30_000, markInterruptAsFailure: true };
    await fc.assert(property, { numRuns: Number(process.env['RUNS'] ?? 250), ...limits });
    // Else nothing was read ahead, and nothing was tried.
    expect(ahead).toBeGreaterThan(50);
  });

  test('when a transaction is torn that was whole before', () => expectInOrder(tornAgain));
});
