import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../../native.js';
import { linkInfoById, MapOfMaps } from '../../object/index.js';
import type { KernelObjects } from './kernel-objects.js';

/** struct guarded of bpf/engine/guard_state.h */
export interface Guarded {
  kind: 'GUARDED_MAP' | 'GUARDED_PROGRAM' | 'GUARDED_LINK';
  id: number;
}

export function keyOf({ kind, id }: Guarded): string {
  return `${kind} ${id}`;
}

/** Whether the kernel has it still: no other gets its id soon, since they go round (idr_alloc_cyclic()). */
export function isThere({ kind, id }: Guarded): boolean {
  switch (kind) {
    case 'GUARDED_MAP':
      return native().inventoryMap(id) !== null;
    case 'GUARDED_PROGRAM':
      return native().inventoryProgram(id) !== null;
    case 'GUARDED_LINK':
      return linkInfoById(id) !== null;
  }
}

/** All that an engine consists of: what is pinned in its directory, what that rests on, and the maps in its maps. */
export function guardedIds(directory: string, objects: KernelObjects): Guarded[] {
  const inner = Object.values(objects.maps).flatMap((map: unknown) =>
    map instanceof MapOfMaps ? [...map.ids()].map(([, id]) => mapOf(id)) : [],
  );
  return [...pinsBelow(directory).flatMap(pinnedAt), ...inner];
}

const mapOf = (id: number): Guarded => ({ kind: 'GUARDED_MAP', id });

function pinsBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? pinsBelow(path) : [path];
  });
}

function pinnedAt(path: string): Guarded[] {
  const pin = native().inventoryPin(path);
  if (pin === null) return [];
  switch (pin.kind) {
    case 'map':
      return [mapOf(pin.id)];
    case 'program':
      return programWithMaps(pin.id);
    case 'link': {
      const programId = linkInfoById(pin.id)?.programId;
      return [
        { kind: 'GUARDED_LINK', id: pin.id },
        ...(programId === undefined ? [] : programWithMaps(programId)),
      ];
    }
  }
}

function programWithMaps(id: number): Guarded[] {
  const mapIds = native().inventoryProgram(id)?.mapIds ?? [];
  return [{ kind: 'GUARDED_PROGRAM', id }, ...mapIds.map(mapOf)];
}
