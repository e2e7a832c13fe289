import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Spool } from '../../../src/engine/walk/spool.ts';

describe('a spool', () => {
  it('gives back what several lanes added at once, as often as asked, and goes when it is disposed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lockstep-spool-'));
    {
      await using spool = await Spool.create(directory);
      const lane = (name: string) =>
        Promise.all(
          Array.from({ length: 400 }, (_, index) =>
            spool.add([`${name}\n${index}"ü\r\u0085\u2028\u2029`, 'x'.repeat(500)]),
          ),
        );
      await Promise.all([lane('a'), lane('b'), lane('c')]);
      expect(spool.count).toBe(2_400);
      for (const length of [7, 500]) {
        const pages = await Array.fromAsync(spool.pages(length));
        expect(pages.every((page) => page.length <= length)).toBe(true);
        const texts = pages.flat();
        expect(texts).toHaveLength(2_400);
        expect(texts.filter((text) => text.startsWith('b\n'))).toHaveLength(400);
        expect(new Set(texts).size).toBe(1_201);
      }
    }
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });
});
