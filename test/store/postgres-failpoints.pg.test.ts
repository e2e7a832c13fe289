import { testDeaths } from './deaths.ts';
import { postgresPlace } from './postgres-fixture.ts';

testDeaths(postgresPlace);
