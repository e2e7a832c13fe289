import { runCli } from './run-cli.ts';

/** `lockstep plan | head`: whoever reads has had enough. */
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { argv, env, stdout, stderr } = process;
const code = await runCli({ args: argv.slice(2), cwd: process.cwd(), env, stdout, stderr });

// A configuration is a program and may have left something open; our own resources are closed by now.
await new Promise<void>((resolve) => stdout.write('', () => stderr.write('', () => resolve())));
process.exit(code);
