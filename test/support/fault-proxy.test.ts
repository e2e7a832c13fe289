import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startFaultProxy } from './fault-proxy.ts';

/** Sends everything back. */
async function startEcho() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Talker implements Disposable {
  readonly socket: Socket;
  received = '';
  readonly end: Promise<'fin' | 'rst'>;
  #news = Promise.withResolvers<void>();

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
      this.#news.resolve();
    });
    this.end = new Promise((resolve) => {
      this.socket.once('end', () => resolve('fin'));
      this.socket.once('error', () => resolve('rst'));
    });
  }

  async say(text: string): Promise<void> {
    const wanted = this.received.length + text.length;
    this.socket.write(text);
    await this.hear(wanted);
  }

  async hear(length: number): Promise<void> {
    while (this.received.length < length) {
      await this.#news.promise;
      this.#news = Promise.withResolvers<void>();
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

describe('the fault proxy', () => {
  test('passes everything, and counts it', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    await talker.say('hello');
    await talker.say('x'.repeat(3_000_000));
    expect(proxy.counters).toEqual({
      connections: 1,
      openConnections: 1,
      bytesToTarget: 3_000_005,
      bytesToClient: 3_000_005,
    });
    talker.socket.end('bye');
    expect(await talker.end).toBe('fin');
    expect(talker.received.slice(-3)).toBe('bye');
  });

  test('rewrites a URL to go through it', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(`postgres://u:p@127.0.0.1:${echo.port}/d?x=1`);
    expect(proxy.url(`postgres://u:p@localhost:${echo.port}/d?x=1`)).toBe(
      `postgres://u:p@127.0.0.1:${proxy.port}/d?x=1`,
    );
  });

  test.each([
    ['cut', 'fin'],
    ['reset', 'rst'],
  ] as const)('%s ends open connections with a %s and serves new ones', async (fault, ending) => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    await talker.say('hello');
    const [atTarget] = echo.sockets;
    const targetSaw = new Promise((resolve) => {
      atTarget?.once('end', () => resolve('fin'));
      atTarget?.once('error', () => resolve('rst'));
    });
    proxy[fault]();
    expect(await talker.end).toBe(ending);
    expect(await targetSaw).toBe(ending);
    using next = new Talker(proxy.port);
    await next.say('again');
    expect(proxy.counters.connections).toBe(2);
  });

  test('half open: nothing passes, nothing closes, new connections hang; heal lets it go on', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    await talker.say('hello');
    proxy.halfOpen();
    using late = new Talker(proxy.port);
    await once(late.socket, 'connect');
    const talked = Promise.all([talker.say('anybody?'), late.say('there?')]).then(() => 'answered');
    for (const socket of echo.sockets) socket.end();
    expect(await Promise.race([talked, talker.end, late.end, sleep(300, 'silence')])).toBe('silence');
    await proxy.heal();
    using fresh = new Talker(proxy.port);
    await fresh.say('back');
    expect(await talker.end).toBe('fin');
  });

  test('delays each byte and keeps the rate', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    await talker.say('warm');
    proxy.delay(100);
    const start = performance.now();
    await talker.say('x'.repeat(1_000_000));
    const tookMs = performance.now() - start;
    expect(tookMs).toBeGreaterThan(190);
    expect(tookMs).toBeLessThan(1_500); // sixteen or more chunks, had they waited for each other
  });

  test('throttles', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    proxy.throttle(100_000);
    const start = performance.now();
    await talker.say('x'.repeat(20_000)); // there and back: 40,000 bytes
    expect(performance.now() - start).toBeGreaterThan(350);
  });

  test('refuses new connections and keeps the open ones, until healed', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    await talker.say('hello');
    await proxy.refuse();
    using refused = new Talker(proxy.port);
    expect(await refused.end).toBe('rst');
    await talker.say('still here');
    await proxy.heal();
    using next = new Talker(proxy.port);
    await next.say('again');
  });

  test.each(['toTarget', 'toClient'] as const)('cuts after exactly so many bytes %s', async (direction) => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    using talker = new Talker(proxy.port);
    await talker.say('12345');
    const done = proxy.cutAfter(10, { direction });
    talker.socket.write('x'.repeat(100_000));
    await done;
    await talker.end;
    const { bytesToTarget, bytesToClient } = proxy.counters;
    expect(direction === 'toTarget' ? bytesToTarget : bytesToClient).toBe(15);
    if (direction === 'toClient') expect(talker.received.length).toBe(15);
    using next = new Talker(proxy.port);
    await next.say('again');
  });

  test('a target that is down looks like a reset', async () => {
    const echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    await echo[Symbol.asyncDispose]();
    using talker = new Talker(proxy.port);
    expect(await talker.end).toBe('rst');
  });
});
