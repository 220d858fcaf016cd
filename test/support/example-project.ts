import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** What vitest tells the processes it starts, which is not for another vitest. */
const OURS = /^(?:VITEST.*|TEST|NODE_ENV|MODE|PROD|DEV|SSR|BASE_URL|FORCE_COLOR)$/;

/** How an npm script ended, and all that it printed. */
export interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** What vitest's JSON report says, one entry for each file and project. */
export interface FileResult {
  readonly passed: number;
  readonly failed: number;
}

/** A project of examples/ as a user has it: a copy elsewhere, into which npm has installed the packed package. */
export class ExampleProject {
  readonly directory: string;
  readonly #parent: string;

  private constructor(parent: string) {
    this.#parent = parent;
    this.directory = join(parent, 'project');
  }

  static async install(name: string): Promise<ExampleProject> {
    const project = new ExampleProject(mkdtempSync(join(tmpdir(), 'bpf-lsm-example-')));
    try {
      await project.#install(name);
      return project;
    } catch (error) {
      project.remove();
      throw error;
    }
  }

  async #install(name: string): Promise<void> {
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.#parent];
    const { stdout } = await run('npm', pack, { cwd: root, maxBuffer: 1 << 28 });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    const ignored = ['node_modules', 'build'].map((entry) => `${root}examples/${name}/${entry}`);
    cpSync(`${root}examples/${name}`, this.directory, {
      recursive: true,
      filter: (path) => !ignored.includes(path),
    });
    this.#lock();
    const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', [...install, join(this.#parent, filename)], { cwd: this.directory, env: environment() });
    this.#giveAddon();
  }

  /** The versions this project is tested with, of which npm has the packages already. */
  #lock(): void {
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    const { name, dependencies, devDependencies } = read(join(this.directory, 'package.json'));
    const { lockfileVersion, packages } = read(`${root}package-lock.json`);
    const lock = {
      name,
      lockfileVersion,
      requires: true,
      packages: { ...packages, '': { name, dependencies, devDependencies } },
    };
    writeFileSync(join(this.directory, 'package-lock.json'), JSON.stringify(lock));
  }

  /** As compiled here: that npm compiles it from the package is checked where the package is. */
  #giveAddon(): void {
    const release = join(this.directory, 'node_modules/bpf-lsm/build/Release');
    mkdirSync(release, { recursive: true });
    copyFileSync(`${root}build/Release/bpf_lsm.node`, join(release, 'bpf_lsm.node'));
  }

  /** Changes a file; an error unless `before` is in it. */
  replace(file: string, before: string, after: string): void {
    const path = join(this.directory, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(before)) throw new Error(`${file} does not have "${before}"`);
    writeFileSync(path, text.replace(before, after));
  }

  /** `npm test -- ARGUMENTS`, and what each test file came to. */
  async test(...args: string[]): Promise<Outcome & { files: FileResult[] }> {
    const report = join(this.directory, 'report.json');
    rmSync(report, { force: true });
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const outcome = await this.#npm('test', '--', ...reporters, ...args);
    return { ...outcome, files: filesIn(report) };
  }

  async #npm(...args: string[]): Promise<Outcome> {
    try {
      const options = { cwd: this.directory, env: environment(), maxBuffer: 1 << 28 };
      const { stdout, stderr } = await run('npm', args, options);
      return { status: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: unknown; stdout: string; stderr: string };
      if (typeof code !== 'number') throw error;
      return { status: code, output: stdout + stderr };
    }
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true, force: true });
  }
}

function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  return { ...Object.fromEntries(entries), NO_COLOR: '1' };
}

/** None when there is no report. */
function filesIn(report: string): FileResult[] {
  let text: string;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    return [];
  }
  const { testResults } = JSON.parse(text) as { testResults: { assertionResults: { status: string }[] }[] };
  return testResults.map(({ assertionResults }) => ({
    passed: assertionResults.filter(({ status }) => status === 'passed').length,
    failed: assertionResults.filter(({ status }) => status !== 'passed').length,
  }));
}
