// In a guest with two CPUs: takes the second away and brings it back while a perf buffer is read. Prints what it saw.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { BpfObject, PerfBuffer } from 'bpf-lsm';

const object = await BpfObject.open(
  new URL('../../build/test/bpf/perf_producer.bpf.o', import.meta.url),
).load();
const buffer = new PerfBuffer(object.maps.events, { dropped: object.maps.events_dropped });
const seen = [];

function produceOn(cpu, count) {
  execFileSync('taskset', ['-cp', String(cpu), String(process.pid)], { stdio: 'ignore' });
  object.globals.batch = count;
  object.programs.produce.run();
  execFileSync('taskset', ['-cp', '0', String(process.pid)], { stdio: 'ignore' });
}

function setOnline(online) {
  writeFileSync('/sys/devices/system/cpu/cpu1/online', online ? '1' : '0');
}

function note(what) {
  const cpus = buffer.cpus().map(({ cpu, read }) => `${cpu}${read ? '' : ' not read'}`);
  const { delivered, dropped } = buffer.stats();
  const events = buffer.read().map(({ cpu }) => cpu);
  seen.push({ what, cpus, delivered, dropped: Number(dropped), events });
}

produceOn(1, 3);
produceOn(0, 2);
note('both online');
produceOn(1, 4);
setOnline(false);
note('one offline');
produceOn(0, 1);
note('one offline, the other goes on');
setOnline(true);
produceOn(1, 5);
note('back, without a buffer');
seen.push({ adopted: buffer.adoptCpus(), again: buffer.adoptCpus() });
produceOn(1, 6);
note('back, adopted');
const { delivered, dropped } = buffer.stats();
seen.push({ produced: Number(object.globals.produced), account: delivered + Number(dropped) });
buffer.close();
console.log(JSON.stringify(seen));
