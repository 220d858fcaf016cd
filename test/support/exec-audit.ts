import { ExecChunks, type ExecStrings } from '../../examples/exec_strings.js';
import type { Exec, ExecAudit } from '../../examples/types/exec_audit.js';
import { BpfObject, type Link, type ReaderStats, RingBuffer } from '../../src/index.js';
import { shipped } from './objects.js';

export type Reported = Exec & ExecStrings;

/** The example exec_audit, loaded and, between `attach` and `detach`, watching. */
export class ExecAuditor implements Disposable {
  readonly object: BpfObject<ExecAudit>;
  readonly #execs: RingBuffer<Exec>;
  readonly #strings: RingBuffer<ExecAudit['maps']['strings']['value']>;
  #link: Link | undefined;

  private constructor(object: BpfObject<ExecAudit>) {
    this.object = object;
    this.#execs = new RingBuffer(object.maps.execs, { dropped: object.maps.execs_dropped });
    this.#strings = new RingBuffer(object.maps.strings, { dropped: object.maps.strings_dropped });
  }

  static async load(settings: Partial<ExecAudit['globals']>, stringsRing?: number): Promise<ExecAuditor> {
    const open = BpfObject.open<ExecAudit>(shipped('examples/exec_audit'));
    Object.assign(open.globals, settings);
    if (stringsRing !== undefined) open.maps.strings.maxEntries = stringsRing;
    return new ExecAuditor(await open.load());
  }

  attach(): void {
    this.#link = this.object.programs.report_exec.attach();
  }

  detach(): void {
    this.#link?.close();
  }

  /** What has been reported and not been asked for yet. */
  reported(): Reported[] {
    const chunks = new ExecChunks();
    const execs = this.#execs.read();
    for (let some = this.#strings.read(); some.length > 0; some = this.#strings.read()) {
      for (const chunk of some) chunks.add(chunk);
    }
    return execs.map((exec) => ({ ...exec, ...chunks.take(exec) }));
  }

  stats(): { execs: ReaderStats; strings: ReaderStats } {
    return { execs: this.#execs.stats(), strings: this.#strings.stats() };
  }

  [Symbol.dispose](): void {
    this.detach();
    this.#execs.close();
    this.#strings.close();
    this.object.close();
  }
}
