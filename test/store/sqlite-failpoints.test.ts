import { testDeaths } from './deaths.ts';
import { sqlitePlace } from './sqlite-fixture.ts';

testDeaths(sqlitePlace);
