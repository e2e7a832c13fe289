import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReadBuffers } from '../../src/connectors/postgres/session/read-buffers.ts';

const mebibyte = 1024 * 1024;

/** Byte number n of the stream. */
const byteAt = (n: number): number => (n * 31 + (n >> 8)) & 0xff;

const stretch = (from: number, length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => byteAt(from + index)));

/** A server that sends what it is told, and the socket that reads it. */
async function open(buffers: ReadBuffers) {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = buffers.openSocket();
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [peer] = (await once(server, 'connection')) as [Socket];
  return {
    socket,
    peer,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      peer.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const written = (peer: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => peer.write(bytes, () => resolve()));

test('a long stream whose pieces are given back takes the memory of a few, and nothing of it is lost', async () => {
  const buffers = new ReadBuffers();
  await using pair = await open(buffers);
  const memory = new Set<ArrayBufferLike>();
  let at = 0;
  const whole = 16 * mebibyte;
  pair.socket.on('data', (piece: Buffer) => {
    if (!piece.equals(stretch(at, piece.length))) throw new Error(`other bytes after ${at}`);
    at += piece.length;
    if (piece.length >= 32 * 1024) memory.add(piece.buffer);
    buffers.giveBack(piece);
  });
  for (let sent = 0; sent < whole; sent += mebibyte) await written(pair.peer, stretch(sent, mebibyte));
  pair.peer.end();
  await once(pair.socket, 'end');
  expect(at).toBe(whole);
  expect(memory.size).toBeLessThan(10);
});

test('what is kept stays as it was, whatever others give back and however it is paused', async () => {
  const steps = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: 200_000 }), keeps: fc.boolean(), pauses: fc.boolean() }),
    { minLength: 5, maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const buffers = new ReadBuffers();
      await using pair = await open(buffers);
      const kept: { readonly at: number; readonly piece: Buffer }[] = [];
      let at = 0;
      let turn = 0;
      pair.socket.on('data', (piece: Buffer) => {
        const { keeps = true, pauses = false } = script[turn % script.length] ?? {};
        turn += 1;
        if (keeps) kept.push({ at, piece });
        else if (!piece.equals(stretch(at, piece.length))) throw new Error(`other bytes after ${at}`);
        else buffers.giveBack(piece);
        at += piece.length;
        if (!pauses) return;
        pair.socket.pause();
        setImmediate(() => pair.socket.resume());
      });
      let sent = 0;
      for (const { bytes } of script) {
        await written(pair.peer, stretch(sent, bytes));
        sent += bytes;
      }
      pair.peer.end();
      await once(pair.socket, 'end');
      expect(at).toBe(sent);
      for (const { at: from, piece } of kept) expect(piece.equals(stretch(from, piece.length))).toBe(true);
    }),
    { numRuns: 30 },
  );
}, 60_000);
