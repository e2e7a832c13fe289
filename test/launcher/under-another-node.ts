// Run as a child: with an argument it is the task, without it goes on under another Node (here the same).
import { fileURLToPath } from 'node:url';
import { continueUnder } from '../../scripts/launcher/node.mjs';

const ending = process.argv[2];
if (ending === undefined) {
  await continueUnder(process.execPath, [fileURLToPath(import.meta.url), process.env['ENDING'] ?? '']);
} else {
  if (ending === 'drain') process.once('SIGTERM', () => process.exit(7));
  if (ending.startsWith('code')) process.exit(Number(ending.slice(4)));
  process.stdout.write(`task ${process.pid} runs\n`);
  setInterval(() => {}, 1_000);
}
