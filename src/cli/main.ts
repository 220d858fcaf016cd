#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { BpfError } from '../errors.js';
import { applyCommand } from './apply.js';
import { cgroupCommand } from './cgroup.js';
import { checkCommand } from './check.js';
import { confirmCommand } from './confirm.js';
import { featuresCommand } from './features.js';
import { hooksCommand } from './hooks.js';
import { lintCommand } from './lint.js';
import { loadCommand } from './load.js';
import { lsCommand } from './ls.js';
import { planCommand } from './plan.js';
import { removeCommand } from './remove.js';
import { rollbackCommand } from './rollback.js';
import { runCommand } from './run.js';
import { statusCommand } from './status.js';
import { traceCommand } from './trace.js';
import { typesCommand } from './types.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('bpf-lsm')
  .description('Load, prove and inspect BPF LSM programs.')
  .version(version)
  // What follows the command of `run` is for that.
  .enablePositionalOptions()
  .addCommand(applyCommand())
  .addCommand(cgroupCommand())
  .addCommand(checkCommand())
  .addCommand(confirmCommand())
  .addCommand(featuresCommand())
  .addCommand(hooksCommand())
  .addCommand(lintCommand())
  .addCommand(loadCommand())
  .addCommand(lsCommand())
  .addCommand(planCommand())
  .addCommand(removeCommand())
  .addCommand(rollbackCommand())
  .addCommand(runCommand())
  .addCommand(statusCommand())
  .addCommand(traceCommand())
  .addCommand(typesCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  process.stderr.write(`bpf-lsm: ${error.message}\n`);
  process.exitCode = 1;
}
