// Tries to load the object at a path, and prints what came of it as JSON.
import { BpfError, BpfObject } from 'bpf-lsm';

try {
  const object = await BpfObject.open(process.argv[2]).load();
  console.log(JSON.stringify({ loaded: Object.keys(object.programs) }));
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  const { code, reason, message } = error;
  console.log(JSON.stringify({ code, reason, message }));
}
