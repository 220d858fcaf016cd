// The same as on the host, on each kernel.
import '../native/map-kinds.test.js';
import '../native/map-batches.test.js';
import '../native/map-memory.test.js';
import '../native/map-handles.test.js';
