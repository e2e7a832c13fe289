import { type Environment, openEnvironment, type RecipeCommandInput } from '../../index.ts';

/** Of a command: its variables, and those of the `.env` beside it or of the file that it names. */
export const environmentOf = ({ env, cwd, envFile }: RecipeCommandInput): Environment =>
  openEnvironment({ variables: env, cwd, envFile, defaultEnvFile: `${cwd}/.env` });
