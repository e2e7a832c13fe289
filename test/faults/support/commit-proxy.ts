import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * `lost`: the COMMIT never reaches the server; `unanswered`: the server commits and its answer never reaches us;
 * `late`: nothing comes or goes, until another connection commits: right before that, the server gets this COMMIT.
 */
export type CommitFault = 'lost' | 'unanswered' | 'late';

export interface CommitProxy extends AsyncDisposable {
  url(targetUrl: string): string;
  /** How often it struck so far. */
  readonly struck: number;
  /** Strikes the next COMMIT of a transaction of that kind, `times` in all; by default of one in which rows were copied in. */
  arm(fault: CommitFault, options?: { readonly times?: number; readonly of?: CommitOf }): void;
}

/** By which statement a transaction is known: rows are copied in; what was staged is all in its tables, is tried, or is partly taken out. */
const knownBy = {
  copy: 'FROM STDIN',
  promotion: 'SET CONSTRAINTS ALL IMMEDIATE',
  sift: 'SAVEPOINT lockstep_sift',
  takeOut: 'AS refused(',
} as const;
export type CommitOf = keyof typeof knownBy;

const commit = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1');

/** Stands before a server and breaks the connection exactly at a COMMIT, which a count of bytes can't hit. */
export async function startCommitProxy(targetUrl: string): Promise<CommitProxy> {
  const state = { fault: null as CommitFault | null, of: 'copy' as CommitOf, left: 0, struck: 0 };
  const sockets = new Set<Socket>();
  const late: (() => void)[] = [];
  const { hostname, port } = new URL(targetUrl);
  const server = createServer((client) => {
    const target = connect({ host: hostname, port: Number(port) });
    let isMeant = false;
    let silent = false;
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    client.on('data', (piece: Buffer) => {
      if (piece.includes(knownBy[state.of])) isMeant = true;
      if (!piece.includes(commit) || !isMeant) return void target.write(piece);
      isMeant = false;
      if (state.fault === null || state.left === 0) {
        for (const deliver of late.splice(0)) deliver();
        return void target.write(piece);
      }
      state.left -= 1;
      state.struck += 1;
      if (state.fault === 'late') {
        silent = true;
        return void late.push(() => target.write(piece));
      }
      if (state.fault === 'lost') target.destroy();
      else target.write(piece, () => target.once('data', () => target.destroy()));
      return client.destroy();
    });
    target.on('data', (piece: Buffer) => void (silent || client.write(piece)));
    client.once('close', () => silent || target.end());
    target.once('close', () => client.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: (text) => {
      const url = new URL(text);
      url.port = String((server.address() as AddressInfo).port);
      return url.href;
    },
    get struck() {
      return state.struck;
    },
    arm: (fault, { times = 1, of = 'copy' } = {}) => Object.assign(state, { fault, of, left: times }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
