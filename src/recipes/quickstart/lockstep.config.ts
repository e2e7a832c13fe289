import process from 'node:process';
import { defineConfig, env, type PipelineConfig } from '../../index.ts';

/** Where a server of MongoDB can be had: the customers as documents, followed as they change. */
const documents: PipelineConfig = {
  mode: 'live',
  source: { connector: 'postgres', url: env('QUICKSTART_SOURCE') },
  destination: { connector: 'mongodb', url: env('QUICKSTART_DOCUMENTS'), database: 'shop' },
  collections: {
    'shop.customers': {
      target: 'customers',
      columns: {
        _id: 'id',
        email: 'email',
        name: 'name',
        'account.standing': 'standing',
        'account.credit': 'credit',
        joinedAt: 'joined_at',
      },
    },
  },
  create: true,
};

/** What the demo runs; in your own project the import is `from 'lockstep'`. */
export default defineConfig({
  store: { path: env('QUICKSTART_STORE') },
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: env('QUICKSTART_SOURCE') },
      destination: { connector: 'postgres', url: env('QUICKSTART_TARGET') },
      collections: ['shop.customers', 'shop.orders', 'shop.order_lines', 'shop.specimens'],
      create: true,
      // Small pieces, so that a kill in the middle of a short demo leaves something to go on with.
      rowsPerPartition: 10_000,
    },
    // The same tables and two more, followed as they change.
    'shop-live': {
      mode: 'live',
      source: { connector: 'postgres', url: env('QUICKSTART_SOURCE') },
      destination: { connector: 'postgres', url: env('QUICKSTART_TARGET') },
      collections: {
        'shop.customers': { scope: 'all' },
        'shop.orders': { scope: 'all' },
        'shop.order_lines': { scope: 'all' },
        'shop.specimens': { scope: 'all' },
        'shop.baskets': { scope: 'all' },
        'shop.letters': { scope: 'all' },
      },
      create: true,
    },
    ...(process.env['QUICKSTART_DOCUMENTS'] !== undefined && { 'shop-documents': documents }),
  },
});
