import { defineConfig, env } from 'lockstep';

/** For `compose.yaml`: follows the tables of one PostgreSQL server on another. Passwords come from the files of `deploy/secrets`. */
export default defineConfig({
  store: { path: '/var/lib/lockstep/lockstep.db', key: env('LOCKSTEP_STORE_KEY') },
  pipelines: {
    shop: {
      mode: 'live',
      source: {
        connector: 'postgres',
        host: 'source',
        database: 'shop',
        user: 'shop',
        password: env('SOURCE_PASSWORD'),
      },
      destination: {
        connector: 'postgres',
        host: 'target',
        database: 'shop',
        user: 'shop',
        password: env('TARGET_PASSWORD'),
      },
      collections: ['public.*'],
      create: true,
      drift: { tableAdded: 'follow' },
      schedule: '0 3 * * *',
    },
  },
});
