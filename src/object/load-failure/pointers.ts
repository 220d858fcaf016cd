import type { Explanation, Failure } from './failure.js';

export function missingNullCheck({ words }: Failure): Explanation | undefined {
  const found =
    /R\d+ (?:invalid mem access|type=|pointer arithmetic on) ?'?(\w*_or_null)\w*|Possibly NULL pointer passed/.exec(
      words,
    );
  if (!found) return undefined;
  return {
    why: `it uses a pointer that may be NULL${found[1] ? ` (${found[1]})` : ''}`,
    reason: 'input',
    hint: 'compare it with NULL before the first use',
  };
}

// kernel/bpf/verifier.c check_reg_type(), check_kfunc_args()
export function untrustedPointer({ words, lines, verifier }: Failure): Explanation | undefined {
  const found =
    /R(\d+) (?:must be (?:referenced|a rcu pointer|a known|referenced or trusted)|type=(?:untrusted_|rcu_|user_|percpu_)?ptr_\w* expected=)/.exec(
      words,
    );
  if (!found) return undefined;
  const callee = [...lines.matchAll(/^\d+: \(85\) call (\w+)#/gm)].at(-1)?.[1];
  const source = verifier?.source?.text ?? '';
  // include/linux/fs.h: f_path lies in a union since Linux 6.13 or so, which ends the verifier's trust.
  const byPath = /f_path/.test(source)
    ? 'take file->f_inode, or a dentry the hook gives, instead of going by f_path, which Linux 7.3 does not trust; or '
    : '';
  return {
    why: `it passes ${callee ? `${callee}()` : 'a function'} a pointer that the kernel does not vouch for (R${found[1]})${source && ` at "${source}"`}`,
    reason: 'input',
    hint: `${byPath}pass an argument of the hook, bpf_get_current_task_btf(), or what a kfunc acquired`,
  };
}

export function writeThroughBtfPointer({ words }: Failure): Explanation | undefined {
  if (!/only read is supported/.test(words)) return undefined;
  return {
    why: 'it writes to a kernel structure, and hook arguments can only be read',
    reason: 'input',
    hint: 'keep state in maps or in local storage',
  };
}

// kernel/bpf/verifier.c check_mem_region_access(), check_ptr_off_reg(), check_stack_range_initialized()
const OUT_OF_BOUNDS =
  /unbounded memory access|invalid access to (?:map value|memory|packet)|min value is (?:negative|outside)|max value is outside|outside of the allowed memory range|invalid (?:zero-sized|unbounded|variable-offset)|unbounded (?:min|indirect)|value -?\d+ makes \w+ pointer be out of bounds/;

export function outOfBounds({ words, verifier }: Failure): Explanation | undefined {
  if (!OUT_OF_BOUNDS.test(words)) return undefined;
  const source = verifier?.source?.text;
  return {
    why: `it may access memory outside of an object${source ? ` at "${source}"` : ''}`,
    reason: 'input',
    hint: 'compare the index with the size just before the access, as an unsigned number, or mask it: array[i & (SIZE - 1)]',
  };
}

export function uninitialized({ words, verifier }: Failure): Explanation | undefined {
  const found = /(R\d+) !read_ok|invalid (?:indirect )?(?:access to|read from) (stack)/.exec(words);
  if (!found) return undefined;
  const source = verifier?.source?.text;
  return {
    why: `it reads ${found[1] ?? 'bytes of its stack'}, which nothing was written to${source ? `, at "${source}"` : ''}`,
    reason: 'input',
    hint: 'give every variable a value on every path, padding included: struct key key = {}',
  };
}
