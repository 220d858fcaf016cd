/** What {@link stopping} throws. */
export class Stopped extends Error {}

const STEPS: readonly PropertyKey[] = ['create', 'set', 'setMany', 'memory'];

/**
 * Maps of which only so many steps are done, each a call that changes something in the kernel: whoever uses them gets as
 * far as a process that is killed then.
 *
 * @param maps - by their names
 */
export function stopping<Maps extends object>(maps: Maps, steps: number): Maps {
  const behind = new WeakMap<object, object>();
  let left = steps;

  function wrapped(target: object): object {
    const proxy = new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name, of);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (STEPS.includes(name) && left-- <= 0) throw new Stopped();
          const result: unknown = value.apply(
            of,
            args.map((each) => (typeof each === 'object' && each ? (behind.get(each) ?? each) : each)),
          );
          return name === 'create' ? wrapped(result as object) : result;
        };
      },
    });
    behind.set(proxy, target);
    return proxy;
  }

  return new Proxy({} as Maps, { get: (_, name) => wrapped(Reflect.get(maps, name) as object) });
}
