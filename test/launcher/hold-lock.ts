// Run as a child: takes the lock, says so, and holds it until its input ends, or forever.
import { withLock } from '../../scripts/launcher/lock.mjs';

const [file = '', name = ''] = process.argv.slice(2);
await withLock(
  file,
  async () => {
    process.stdout.write(`${name} has it\n`);
    await new Promise((resolve) => process.stdin.once('data', resolve));
    process.stdout.write(`${name} gives it back\n`);
  },
  { onWait: () => process.stdout.write(`${name} waits\n`) },
);
process.stdin.destroy();
