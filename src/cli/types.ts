import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { U64 } from '../btf/index.js';
import { BpfError, usualReason } from '../errors.js';
import { objectTypes } from '../object/index.js';

interface Options {
  output?: string;
  u64: U64;
  name?: string;
  from: string;
}

/** `bpf-lsm types`: the TypeScript types of an object file. */
export function typesCommand(): Command {
  return new Command('types')
    .description(
      'Write the TypeScript types of an object file: its programs, maps, records and global variables.',
    )
    .argument('<object>', 'the object file, such as guard.bpf.o')
    .option('-o, --output <file>', 'the .ts or .d.ts file to write (default: standard output)')
    .addOption(
      new Option('--u64 <type>', 'what 64-bit integers come as; open the object with the same')
        .choices(['bigint', 'number', 'auto'])
        .default('bigint'),
    )
    .option('--name <name>', 'the name of the object, and of its interface (default: that of the file)')
    .option('--from <module>', 'the module to import helper types from', 'bpf-lsm')
    .action((object: string, { output, ...options }: Options) => {
      const text = objectTypes(object, options);
      if (output === undefined) process.stdout.write(text);
      else write(output, text);
    });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    throw new BpfError(`cannot write the types: ${message}`, {
      code,
      reason: usualReason(code),
      errno,
      syscall: 'open',
      path: file,
      cause,
    });
  }
}
