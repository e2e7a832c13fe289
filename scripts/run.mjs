#!/usr/bin/env node
// The one door to every task of this repository: `node scripts/run.mjs TASK [ARGUMENTS]`.
// Plain JavaScript that runs on Node 18 and later: it finds or installs a Node that can run TypeScript,
// installs the locked dependencies when they changed, and then becomes the task.
import { ensureProject } from './launcher/install.mjs';
import { continueUnder, isNewEnough, privateNode } from './launcher/node.mjs';
import { root } from './launcher/paths.mjs';
import { findTask, startTask, taskList } from './launcher/tasks.mjs';

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const task = name === undefined ? undefined : findTask(name);
  if (task === undefined) {
    process.stderr.write(
      `${name === undefined ? 'No task given.' : `There is no task "${name}".`}\n${taskList()}\n`,
    );
    process.exitCode = 3;
    return;
  }
  if (!isNewEnough(process.versions.node)) {
    await continueUnder(await privateNode(), process.argv.slice(1));
    return;
  }
  await ensureProject(root, { label: 'dependencies' });
  await startTask(task, args);
}

main().catch((error) => {
  process.stderr.write(
    `${error instanceof Error ? (error.launcherMessage ?? error.stack) : String(error)}\n`,
  );
  process.exitCode = 1;
});
