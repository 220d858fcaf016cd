import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { BpfObject } from '../../src/index.js';
import { brokered, DelegatedCgroups, type TestBroker } from './broker.js';
import { fixture } from './objects.js';
import { NOBODY } from './ordinary-user.js';

/** What tests of a broker share: its programs, cgroups that are delegated, and the broker. */
export interface BrokerSetting {
  object: BpfObject;
  cgroups: DelegatedCgroups;
  server: TestBroker;
}

/**
 * Loads the fixture `brokered` once for the block, and makes cgroups and a broker for each test.
 *
 * @param ready - called before each test
 */
export function useBroker(ready: (setting: BrokerSetting) => void): void {
  let object: BpfObject;
  let cgroups: DelegatedCgroups;
  let server: TestBroker;

  beforeAll(async () => {
    object = await BpfObject.open(fixture('brokered')).load();
  });

  afterAll(() => {
    object?.close();
  });

  beforeEach(() => {
    cgroups = new DelegatedCgroups(NOBODY);
    server = brokered(object, cgroups.outer);
    ready({ object, cgroups, server });
  });

  afterEach(() => {
    server[Symbol.dispose]();
    cgroups[Symbol.dispose]();
  });
}
