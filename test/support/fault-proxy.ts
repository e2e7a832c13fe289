import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../tools/servers/ports.ts';
import { type Direction, Faults } from './fault-proxy/faults.ts';
import { type Ending, Link, type Tap, type Target } from './fault-proxy/link.ts';

export type { Direction } from './fault-proxy/faults.ts';
export type { Ending, Tap, Target } from './fault-proxy/link.ts';

export interface FaultProxyCounters {
  /** Ever accepted. */
  readonly connections: number;
  readonly openConnections: number;
  readonly bytesToTarget: number;
  readonly bytesToClient: number;
}

/** Stands in front of a server on 127.0.0.1 and makes its network fail on demand. Faults add up until `heal`. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly counters: FaultProxyCounters;
  /** The same URL, through this proxy. */
  url(targetUrl: string): string;
  /** Ends all open connections with a FIN to both sides; new ones are served. */
  cut(): void;
  /** Ends all open connections with a RST to both sides; new ones are served. */
  reset(): void;
  /** Nothing passes in either direction, no connection closes, new ones are accepted and hang; `heal` lets all of it go on. */
  halfOpen(): void;
  /** Each byte arrives this much later, in both directions; the rate stays. */
  delay(ms: number): void;
  /** All connections and both directions together pass no more than this. */
  throttle(bytesPerSecond: number): void;
  /** New connections are refused; open ones go on. */
  refuse(): Promise<void>;
  /**
   * Ends all connections once exactly this many more bytes have passed in the direction, counted over all of
   * them; with a FIN unless told otherwise (a RST can take bytes back that are still under way). Resolves then.
   */
  cutAfter(bytes: number, options: { readonly direction: Direction; readonly how?: Ending }): Promise<void>;
  /** Ends every fault; resolves when new connections are accepted again. */
  heal(): Promise<void>;
}

/** `tap` sees each piece before it passes, and may end its connection instead. */
export async function startFaultProxy(
  target: Target | string,
  { tap = () => undefined }: { readonly tap?: Tap } = {},
): Promise<FaultProxy> {
  const to = typeof target === 'string' ? targetOf(target) : target;
  const proxy = new ListeningProxy({ to, tap }, await freePort());
  await proxy.listen();
  return proxy;
}

function targetOf(text: string): Target {
  const url = new URL(text);
  return { host: url.hostname, port: Number(url.port) };
}

class ListeningProxy implements FaultProxy {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #target: Target;
  readonly #tap: Tap;
  readonly #faults = new Faults();
  readonly #links = new Set<Link>();
  readonly #counters = { connections: 0, bytesToTarget: 0, bytesToClient: 0 };
  #server: Server | undefined;

  constructor({ to, tap }: { readonly to: Target; readonly tap: Tap }, port: number) {
    this.#target = to;
    this.#tap = tap;
    this.port = port;
  }

  get counters(): FaultProxyCounters {
    return { ...this.#counters, openConnections: this.#links.size };
  }

  url(targetUrl: string): string {
    const url = new URL(targetUrl);
    url.hostname = this.host;
    url.port = String(this.port);
    return url.href;
  }

  cut(): void {
    this.#endAll('fin');
  }

  reset(): void {
    this.#endAll('rst');
  }

  halfOpen(): void {
    this.#faults.halfOpen();
  }

  delay(ms: number): void {
    this.#faults.delayMs = ms;
  }

  throttle(bytesPerSecond: number): void {
    this.#faults.throttle(bytesPerSecond);
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // The callback of close waits for open connections too; that it listens no more holds at once.
    server?.close();
  }

  cutAfter(bytes: number, options: { readonly direction: Direction; readonly how?: Ending }): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#faults.limit(options.direction, bytes, () => {
      this.#endAll(options.how ?? 'fin');
      done.resolve();
    });
    return done.promise;
  }

  async heal(): Promise<void> {
    this.#faults.heal();
    await this.listen();
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.port, host: this.host }, resolve);
    });
  }

  #accept(client: Socket): void {
    this.#counters.connections += 1;
    const link = new Link({
      client,
      target: this.#target,
      faults: this.#faults,
      tap: this.#tap,
      count: (direction, bytes) => {
        this.#counters[direction === 'toTarget' ? 'bytesToTarget' : 'bytesToClient'] += bytes;
      },
    });
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
  }

  #endAll(how: Ending): void {
    for (const link of this.#links) link.end(how);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    const closed = Promise.all([...this.#links].map((link) => link.closed));
    this.#endAll('rst');
    this.#faults.heal();
    await closed;
  }
}
