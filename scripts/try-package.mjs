// Packs what would be published, puts it where npm would put it, and uses it as somebody else would: its command, and its public entries
// with types. Without the network: what it depends on is that of this repository, and nothing else of it can be seen from there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findNpm } from './launcher/npm.mjs';
import { root } from './launcher/paths.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'lockstep-package-'));
const modules = join(folder, 'node_modules');
const installed = join(modules, manifest.name);

const run = (command, args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' });
const node = (...args) => run(process.execPath, args);

function install() {
  const pack = [findNpm(), 'pack', root, '--ignore-scripts', '--offline', '--silent'];
  const archive = node(...pack).trim();
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1']);
  // Node's own types are what somebody who writes TypeScript for Node has anyway.
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
}

function mustHold(what, isSo) {
  if (!isSo) throw new Error(`the packed ${manifest.name}: ${what} is not as it should be`);
  process.stdout.write(`${what}: good\n`);
}

function tryCommand() {
  const command = join(installed, manifest.bin.lockstep);
  mustHold('--version', node(command, '--version').trim() === manifest.version);
  mustHold('--help', node(command, '--help').includes('Usage: lockstep'));
}

const program = `import { defineConfig, LockstepError } from '${manifest.name}';
const config = defineConfig({ pipelines: {} });
console.log(Object.keys(config).join(), new LockstepError('internal', { detail: 'none' }).code);
`;

const variables = ['SOURCE_DB', 'CHAT_DB'].flatMap((side) =>
  ['HOST', 'NAME', 'USER', 'PASSWORD'].map((name) => [`${side}_${name}`, 'somewhere']),
);
const recipeProgram = `import { openUserTableSync, type SyncStats } from '${manifest.name}/recipes/user-table';
await using service = openUserTableSync({ variables: ${JSON.stringify(Object.fromEntries(variables))} });
const stats: SyncStats = service.getSyncStats();
console.log(Object.keys(stats).join(), stats.healthStatus.status);
`;
const recipeAnswer =
  'totalSynced,lastSyncTime,lastSyncDuration,errors,consecutiveFailures,isRealTimeActive,isSyncInProgress,healthStatus UNHEALTHY';

const compilerOptions = {
  target: 'esnext',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noEmit: true,
};

function tryEntries() {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['program.ts', 'recipe.ts'] }),
  );
  writeFileSync(join(folder, 'program.ts'), program);
  writeFileSync(join(folder, 'recipe.ts'), recipeProgram);
  node(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json');
  mustHold('its types', true);
  mustHold('its entry', node('program.ts').trim() === 'pipelines internal');
  mustHold('its recipe', node('recipe.ts').trim() === recipeAnswer);
}

try {
  install();
  tryCommand();
  tryEntries();
} catch (error) {
  process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}${error.stack}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
