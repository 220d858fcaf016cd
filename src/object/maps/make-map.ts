import { BpfError } from '../../errors.js';
import type { AnyMap } from './any-map.js';
import type { MapSource } from './map-source.js';

type MakeMap = (source: MapSource) => AnyMap;

let make: MakeMap | undefined;

/** Maps of maps make maps of any class, theirs included: map-families.ts, which knows them all, says how. */
export function setMapMaker(maker: MakeMap): void {
  make = maker;
}

/** The map of the class that its type asks for. */
export function makeMap(source: MapSource): AnyMap {
  if (!make) throw new BpfError('map-families.ts was not loaded', { code: 'ERR_BPF_STATE' });
  return make(source);
}
