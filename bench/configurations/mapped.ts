import { defineConfig, type Row } from '../../src/index.ts';
import plain from './plain.ts';

/** A function changes three columns and drops one row in a hundred. */
const map = (row: Row): Row | null => {
  if (Number(row['id']) % 100 === 0) return null;
  return {
    ...row,
    email: String(row['email']).toUpperCase(),
    first_name: `${String(row['first_name'])} ${String(row['last_name'])}`,
    quantity: Number(row['quantity']) + 1,
  };
};

export default defineConfig({
  ...plain,
  pipelines: { bench: { ...plain.pipelines['bench'], collections: { bench: { map } } } },
});
