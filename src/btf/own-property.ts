/**
 * Sets an own property whatever its name: plain assignment would turn `__proto__` into a change of prototype, and
 * fails for inherited names when the built-in prototypes are frozen.
 */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name in Object.prototype) {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[name] = value;
  }
}

/** Gets an own property; undefined when there is none, even if one is inherited. */
export function getOwn(source: object, name: string): unknown {
  return Object.hasOwn(source, name) ? (source as Record<string, unknown>)[name] : undefined;
}
