import { BpfError } from '../../errors.js';
import { AnyMap } from './any-map.js';
import { BpfArray } from './bpf-array.js';
import { BpfBloomFilter } from './bpf-bloom-filter.js';
import { BpfMap } from './bpf-map.js';
import { BpfQueue } from './bpf-queue.js';
import { CgroupArray } from './cgroup-array.js';
import { CgrpStorage } from './cgrp-storage.js';
import { InodeStorage } from './inode-storage.js';
import { setMapMaker } from './make-map.js';
import { MapOfMaps } from './map-of-maps.js';
import type { MapSource } from './map-source.js';
import { familyOf, type MapFamily, USES } from './map-types.js';
import { ProgArray } from './prog-array.js';
import { RecordMap } from './record-map.js';
import { SkStorage } from './sk-storage.js';
import { TaskStorage } from './task-storage.js';

type MapClass = new (source: MapSource) => AnyMap;

const CLASSES: Readonly<Record<MapFamily, MapClass>> = {
  BpfMap,
  BpfArray,
  BpfQueue,
  BpfBloomFilter,
  ProgArray,
  CgroupArray,
  MapOfMaps,
  RecordMap,
  TaskStorage,
  InodeStorage,
  SkStorage,
  CgrpStorage,
};

setMapMaker((source) => new CLASSES[familyOf(source.info.type)](source));

/**
 * Methods that a class does not have but another has: the types say so, and whoever works without types is told what to
 * use instead, rather than that something is not a function.
 */
function refuseMethodsOfOthers(): void {
  const all = new Set(Object.values(CLASSES).flatMap(methodsOf));
  for (const [family, { prototype }] of Object.entries(CLASSES)) {
    for (const name of all) {
      if (name in prototype) continue;
      Object.defineProperty(prototype, name, {
        configurable: true,
        writable: true,
        value(this: AnyMap): never {
          throw new BpfError(`map "${this.name}" of type ${this.type} has no ${name}()`, {
            code: 'ERR_BPF_WRONG_KIND',
            reason: 'input',
            map: this.name,
            hint: USES[family as MapFamily],
          });
        },
      });
    }
  }
}

/** The names of the methods of a class and its parents, up to what all maps have. */
function methodsOf({ prototype }: MapClass): string[] {
  const names: string[] = [];
  for (let at: object = prototype; at !== AnyMap.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor' && !INTERNAL.has(name)) names.push(name);
    }
  }
  return names;
}

const INTERNAL: ReadonlySet<string> = new Set(['withKey', 'keyBytes', 'setBytes', 'explainOwner']);

refuseMethodsOfOthers();
