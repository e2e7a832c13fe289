import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** A way to a PostgreSQL server that all may use but, while it is shut, the sessions in which changes are followed. */
export interface RealTimeGate extends AsyncDisposable {
  readonly proxy: FaultProxy;
  /** How often such a session was ended, or kept from beginning. */
  readonly refusals: number;
  shut(): void;
  open(): void;
}

/** What only those say: a replication connection as its first word, the reader of a log of changes before it reads. */
const marks = ['replication\0', 'enable_bitmapscan'];

export async function startRealTimeGate(targetUrl: string): Promise<RealTimeGate> {
  const following = new Set<{ end(how: 'rst'): void }>();
  let isShut = false;
  let refusals = 0;
  const proxy = await startFaultProxy(targetUrl, {
    tap: ({ direction, bytes, link }) => {
      if (direction !== 'toTarget' || !marks.some((mark) => bytes.includes(mark))) return;
      if (isShut) refuse(link);
      else following.add(link);
    },
  });
  const refuse = (link: { end(how: 'rst'): void }): void => {
    refusals += 1;
    link.end('rst');
  };
  return {
    proxy,
    get refusals() {
      return refusals;
    },
    shut: () => {
      isShut = true;
      for (const link of following) refuse(link);
      following.clear();
    },
    open: () => {
      isShut = false;
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
