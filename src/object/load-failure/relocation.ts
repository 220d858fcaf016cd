import { kernelBtf } from '../kernel-hooks.js';
import type { Explanation, Failure } from './failure.js';

// libbpf turns what it could not relocate into an instruction that the verifier refuses, and tells in its log.
const RELOCATION =
  /failed to resolve CO-RE relocation <\w+> \[\d+\] (?:const |volatile )*(struct|union|enum|enum64|typedef) (\w+)(?:\.([\w.[\]]+)|::(\w+))?/;

export function missingField({ words }: Failure): Explanation | undefined {
  const found = RELOCATION.exec(words);
  // BPF_CORE_POISONED_INSN, 0xbad2310
  if (!found && !/invalid func unknown#195896080/.test(words)) return undefined;
  const [, kind = 'struct', type = '', field, value] = found ?? [];
  const part = field ? ` has no field ${field}` : ` has no value ${value}`;
  const isThere = kernelBtf()?.find(type, kind === 'enum64' ? undefined : (kind as 'struct')) !== undefined;
  const why = !found
    ? 'it uses a field or type that this kernel does not have'
    : isThere && (field || value)
      ? `this kernel's ${kind} ${type}${part}`
      : `this kernel has no ${kind} ${type}`;
  return {
    why,
    reason: 'kernel',
    hint: 'ask bpf_core_field_exists() or bpf_core_type_exists() before the use, or read it by the name this kernel has (struct file___old)',
  };
}

// extern int CONFIG_X __kconfig
export function missingKconfig({ libbpf }: Failure): Explanation | undefined {
  if (/failed to open system Kconfig/.test(libbpf)) {
    return {
      why: 'it asks for values of the kernel configuration, and neither /proc/config.gz nor /boot/config-* can be read',
      reason: 'kernel',
      hint: 'pass the configuration to open(): { kconfig: text }, with a line for every option that is asked for',
    };
  }
  const name = /extern '(CONFIG_\w+)' \(strong\): not resolved/.exec(libbpf)?.[1];
  if (!name) return undefined;
  return {
    why: `the kernel configuration has no ${name}`,
    reason: 'kernel',
    hint: 'declare it __kconfig __weak, which gives 0 for what is missing, or pass { kconfig: text } to open()',
  };
}

// extern const void symbol __ksym
export function missingSymbol({ libbpf }: Failure): Explanation | undefined {
  const name =
    /extern '(\w+)' \(strong\): not resolved/.exec(libbpf)?.[1] ??
    /extern \((?:var )?ksym\) '(\w+)': not found in kernel/.exec(libbpf)?.[1];
  if (!name) return undefined;
  return {
    why: `this kernel has no symbol ${name}`,
    reason: 'kernel',
    hint: 'declare it __ksym __weak, and compare its address with NULL before the use',
  };
}

export function missingBtf({ libbpf }: Failure): Explanation | undefined {
  if (
    !/kernel BTF is missing|Error loading vmlinux BTF|failed to find valid kernel BTF|vmlinux BTF is not found/.test(
      libbpf,
    )
  )
    return undefined;
  return {
    why: 'this kernel does not describe its types: there is no /sys/kernel/btf/vmlinux',
    reason: 'kernel',
    hint: 'use a kernel built with CONFIG_DEBUG_INFO_BTF (and with /sys mounted); LSM programs cannot do without',
  };
}
