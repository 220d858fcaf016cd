// One project of vitest.config.ts, its tests counted.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ROOT, say, tool } from '../say.mjs';

/** With `quiet` its output is shown in the end, so that two of them do not talk at once. */
export async function vitest(project, { env = {}, quiet = false } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
  const report = join(directory, 'report.json');
  const output = join(directory, 'output');
  const file = openSync(output, 'a');
  try {
    const stdio = quiet ? ['ignore', file, file] : 'inherit';
    const status = await run(project, report, { env: { ...process.env, ...env }, stdio });
    if (quiet) say(readFileSync(output, 'utf8'));
    return count(project, status, report);
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

function run(project, report, options) {
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json'];
  const child = spawn(tool('vitest'), [...args, `--outputFile.json=${report}`], { cwd: ROOT, ...options });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      say(`vitest could not be started: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function count(project, status, report) {
  const counts = existsSync(report)
    ? countTests(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0, failures: [] };
  // A runner that died is a failure too.
  if (status !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push(`vitest ended with status ${status} in project ${project}`);
  }
  return counts;
}

function countTests({ numPassedTests, testResults }) {
  const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(ROOT, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    // A file that could not be run at all is one.
    if (status === 'failed' && assertionResults.length === 0) return [`${file}: ${firstLine(message)}`];
    return failed.map((test) => `${file} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
  });
  return { passed: numPassedTests, failed: failures.length, failures };
}

function firstLine(text = '') {
  return text.trim().split('\n')[0];
}
