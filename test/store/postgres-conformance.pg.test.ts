import { controlStoreConformance } from '../conformance/control-store.ts';
import { openStoreUnderTest } from './postgres-fixture.ts';

controlStoreConformance('postgres', openStoreUnderTest);
