import { posix } from 'node:path';
import { type ImportMention, isBarrel, scanImports } from './scan-imports.ts';

/**
 * protocol ← engine ← service ← server ← cli;  protocol ← connectors ← service;  protocol ← store ← service;
 * src/index.ts ← recipes. `types:` allows what is gone at run time only; `own` is the folder of one connector
 * or recipe; `parts` is what several recipes are made of, which is written against the public entry like them.
 */
const arrows: Readonly<Record<string, readonly string[]>> = {
  protocol: ['protocol'],
  engine: ['protocol', 'engine'],
  connectors: ['protocol', 'own'],
  store: ['protocol', 'store'],
  service: ['protocol', 'engine', 'connectors', 'store', 'service'],
  server: ['types:protocol', 'service', 'server'],
  cli: ['types:protocol', 'service', 'server', 'cli'],
  recipes: ['index', 'own', 'parts'],
  index: ['protocol', 'engine', 'connectors', 'store', 'service', 'server'],
};

/** Folders below src/recipes that are no recipe. They know none. */
const partsOfRecipes = new Set(['src/recipes/demo', 'src/recipes/program']);

/** Packages that talk to an outside system, and the only folders that may import them. */
const drivers: Readonly<Record<string, readonly string[]>> = {
  pg: ['src/connectors/postgres/', 'src/store/postgres/'],
  mongodb: ['src/connectors/mongodb/', 'src/store/mongodb/'],
  bson: ['src/connectors/mongodb/', 'src/store/mongodb/'],
  mongoose: ['src/connectors/mongodb/', 'src/recipes/'],
  '@platformatic/kafka': ['src/connectors/kafka/'],
  '@clerk/backend': ['src/connectors/clerk/'],
  stripe: ['src/connectors/stripe/'],
};

const withComputedImports = new Set(['service', 'cli', 'recipes']);

/** Path (from the repository's root, with `/`) → text. */
export type Sources = ReadonlyMap<string, string>;

/** One sentence for every violation of the map in DESIGN: who imports what, and why not. */
export function findViolations(sources: Sources): string[] {
  return [...sources].flatMap(([file, source]) => [
    ...faultsOfFile(file, source),
    ...scanImports(source).flatMap((mention) => faultOfImport(file, mention, sources)),
  ]);
}

function faultsOfFile(file: string, source: string): string[] {
  if (file === 'src/index.ts') return [];
  if (!(layerOf(file) in arrows)) return [`${file}: is in none of the folders of the map`];
  if (posix.basename(file).startsWith('index.'))
    return [`${file}: is an index file, and src/index.ts is the only one`];
  return isBarrel(source)
    ? [`${file}: only passes on other modules' exports, and src/index.ts is the only barrel`]
    : [];
}

function faultOfImport(
  file: string,
  { specifier, kind, typeOnly }: ImportMention,
  sources: Sources,
): string[] {
  const layer = layerOf(file);
  if (specifier === null) {
    return withComputedImports.has(layer) ? [] : [`${file}: imports a module whose name is computed`];
  }
  if (!specifier.startsWith('.')) return faultOfPackage(file, specifier);
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  const says = `${file}: ${kind === 'export' ? 're-exports' : 'imports'} ${target}`;
  if (!target.startsWith('src/')) return [`${says}, which is outside src`];
  if (!sources.has(target)) return [`${says}, which does not exist (write the extension .ts)`];
  return mayImport(file, target, typeOnly)
    ? []
    : [`${says}, and ${layer} must not${typeOnly ? ' (not even its types)' : ''}`];
}

function mayImport(file: string, target: string, typeOnly: boolean): boolean {
  const allowed = arrows[layerOf(file)] ?? [];
  const layer = layerOf(target);
  if (allowed.includes(layer)) return true;
  if (typeOnly && allowed.includes(`types:${layer}`)) return true;
  if (allowed.includes('parts') && partsOfRecipes.has(ownFolder(target))) return true;
  return allowed.includes('own') && ownFolder(file) === ownFolder(target);
}

function faultOfPackage(file: string, specifier: string): string[] {
  const name = Object.keys(drivers).find((each) => specifier === each || specifier.startsWith(`${each}/`));
  const homes = name === undefined ? undefined : drivers[name];
  if (homes === undefined || homes.some((home) => file.startsWith(home))) return [];
  return [`${file}: imports the driver ${specifier}, which only ${homes.join(' and ')} may`];
}

function layerOf(file: string): string {
  const [, folder = ''] = file.split('/');
  return folder.startsWith('index.') ? 'index' : folder;
}

/** `src/connectors/postgres/` for all that lies below it. */
function ownFolder(file: string): string {
  return file.split('/').slice(0, 3).join('/');
}
