import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BtfBuilder } from './build-btf.js';

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

function eventBtf(): Uint8Array {
  const b = new BtfBuilder();
  b.struct('event', 4, [['pid', b.int('u32', 4), 0]]);
  return b.bytes();
}

test('codecs are generated where that is allowed', async () => {
  const compile = vi.fn(Function);
  vi.stubGlobal('Function', compile);
  const { Btf, codecFor } = await import('../../../src/btf/index.js');
  const codec = codecFor(Btf.parse(eventBtf()), 2);
  expect(codec.decode(codec.encode({ pid: 7 }))).toEqual({ pid: 7 });
  expect(compile.mock.calls.join('\n')).toContain('"pid"');
});

test('codecs work where code generation from strings is forbidden', async () => {
  const refuse = vi.fn(function refused() {
    throw new EvalError('Code generation from strings disallowed for this context');
  });
  vi.stubGlobal('Function', refuse);
  const { Btf, codecFor } = await import('../../../src/btf/index.js');
  for (let i = 0; i < 3; i++) {
    const codec = codecFor(Btf.parse(eventBtf()), 2);
    expect(codec.decode(codec.encode({ pid: 7 }))).toEqual({ pid: 7 });
  }
  expect(refuse).toHaveBeenCalledTimes(1);
});
