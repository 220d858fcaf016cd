/** Counts wall time and the CPU time of all threads of the process, in ns, between start() and stop(). */
export class Stopwatch {
  wall = 0;
  cpu = 0;
  #wallBegan = 0n;
  #cpuBegan = 0;

  start() {
    this.#cpuBegan = cpuTime();
    this.#wallBegan = process.hrtime.bigint();
  }

  stop() {
    this.wall += Number(process.hrtime.bigint() - this.#wallBegan);
    this.cpu += cpuTime() - this.#cpuBegan;
  }
}

function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}
