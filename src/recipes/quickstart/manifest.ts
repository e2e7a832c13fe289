/** Found by name by `lockstep demo`. */
export const manifest = {
  name: 'quickstart',
  summary:
    'Two PostgreSQL databases are made equal, killed half way, disturbed, repaired and proved equal; then one is followed into MongoDB.',
  demo: () => import('./demo/main.ts'),
} as const;
