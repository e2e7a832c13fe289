// Run as a child: starts a server, says where, and waits to be killed.
import { startPostgres } from '../../tools/servers/postgres.ts';

const server = await startPostgres({ version: 18 });
process.stdout.write(`${JSON.stringify({ pid: server.pid, dataDirectory: server.dataDirectory })}\n`);
setInterval(() => {}, 1_000);
