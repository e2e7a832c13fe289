import { controlStoreConformance } from '../conformance/control-store.ts';
import { openStoreUnderTest } from './mongodb-fixture.ts';

controlStoreConformance('mongodb', openStoreUnderTest);
