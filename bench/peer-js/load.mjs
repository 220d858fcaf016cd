// Opening and loading an object, and attaching its programs.

import { BpfObject } from '../../dist/index.js';

export async function load(watch, path, count) {
  watch.start();
  for (let i = 0; i < count; i++) {
    const object = await BpfObject.open(path).load();
    object.close();
  }
  watch.stop();
  return { units: count };
}

/** All programs of the object are attached, and detached before it is closed. */
export async function loadAndAttach(watch, path, count) {
  watch.start();
  for (let i = 0; i < count; i++) {
    const object = await BpfObject.open(path).load();
    for (const program of Object.values(object.programs)) program.attach().close();
    object.close();
  }
  watch.stop();
  return { units: count };
}
