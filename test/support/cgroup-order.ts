import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type AttachOptions, BpfObject, type BpfProgram, type Cgroup, type Link } from '../../src/index.js';
import { TestCgroup } from './cgroup-contract.js';
import { bpfFiles } from './fds.js';
import { fixture } from './objects.js';

/** What the tests of a file share. */
export interface CgroupOrder {
  program(name: string): BpfProgram;
  /** Attaches a program until the test ends, or it is closed before. */
  attach(name: string, options: AttachOptions): Link;
  /** Those of the test, in the order they were attached. */
  readonly links: Link[];
}

/**
 * Loads the programs of the fixture cgroup_order once for the file, and makes a cgroup for each test; what is open at the
 * end of the file must have been open before.
 *
 * @param ready - called before each test
 */
export function useCgroupOrder(ready: (cgroup: Cgroup, object: BpfObject) => void): CgroupOrder {
  let object: BpfObject;
  let own: TestCgroup;
  let links: Link[];
  let before: string[];

  beforeAll(async () => {
    before = bpfFiles();
    object = await BpfObject.open(fixture('cgroup_order')).load();
  });

  afterAll(() => {
    object?.close();
    expect(bpfFiles()).toEqual(before);
  });

  beforeEach(() => {
    own = new TestCgroup();
    links = [];
    ready(own.cgroup, object);
  });

  afterEach(() => {
    for (const link of links) link.close();
    own[Symbol.dispose]();
  });

  const program = (name: string): BpfProgram => object.programs[name] as BpfProgram;
  const attach = (name: string, options: AttachOptions): Link => {
    const link = program(name).attach(options);
    links.push(link);
    return link;
  };
  return {
    program,
    attach,
    get links() {
      return links;
    },
  };
}
