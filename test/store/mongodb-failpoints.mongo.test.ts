import { testDeaths } from './deaths.ts';
import { mongodbPlace } from './mongodb-fixture.ts';

testDeaths(mongodbPlace);
