import { controlStoreConformance } from '../conformance/control-store.ts';
import { openStoreUnderTest } from './sqlite-fixture.ts';

controlStoreConformance('sqlite', openStoreUnderTest);
