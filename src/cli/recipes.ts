import { existsSync, readdirSync } from 'node:fs';
import { unknownRecipe } from '../service/failure.ts';
import type { RecipeManifest } from '../service/recipe.ts';

const folder = new URL('../recipes/', import.meta.url);
const manifestFile = import.meta.url.endsWith('.ts') ? 'manifest.ts' : 'manifest.js';

export function recipeNames(): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(manifestUrl(entry.name)))
    .map((entry) => entry.name)
    .sort();
}

export async function loadRecipe(name: string): Promise<RecipeManifest> {
  const names = recipeNames();
  if (!names.includes(name)) throw unknownRecipe(name, names);
  const module: { readonly manifest?: RecipeManifest } = await import(manifestUrl(name).href);
  if (module.manifest === undefined)
    throw new TypeError(`recipes/${name}/${manifestFile} exports no manifest`);
  return module.manifest;
}

const manifestUrl = (name: string): URL => new URL(`${name}/${manifestFile}`, folder);
