import type { ParsedNode, Scalar, YAMLMap } from 'yaml';
import type { Fault } from './documents.js';
import { yaml } from './lazy-yaml.js';

type Steps = readonly (string | number)[];

/** What YAML 1.1, which many tools still read, takes for a truth value. */
const TRUTH_VALUES = /^(?:y|n|yes|no|on|off)$/i;
const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;

/**
 * The value of a node as JSON would have it. Refuses what makes one thing look like another: anchors and aliases, tags,
 * keys that are no text or are there twice, numbers in any form but decimal, and words that other readers take for truth
 * values.
 */
export function plainValue(root: ParsedNode | null): { value: unknown; faults: Fault[] } {
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  const faults: Fault[] = [];
  const refuse = (node: { range?: readonly number[] | null | undefined }, message: string) => {
    faults.push({ offset: node.range?.[0] ?? 0, message });
  };
  const read = (node: unknown): unknown => {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      refuse(node, 'policies have no aliases: write it out here');
      return null;
    }
    const { anchor, tag } = node as ParsedNode;
    if (anchor !== undefined) refuse(node as ParsedNode, `policies have no anchors: take &${anchor} out`);
    if (tag !== undefined) refuse(node as ParsedNode, `policies have no tags: take ${tag} out`);
    if (isMap(node)) return mapping(node);
    if (isSeq(node)) return node.items.map(read);
    return isScalar(node) ? scalar(node) : null;
  };
  const scalar = (node: Scalar) => {
    const { value, source = '', type } = node;
    if (type !== 'PLAIN') return value;
    if (typeof value === 'number' && !DECIMAL.test(source)) {
      refuse(
        node,
        `"${source}" is read as the number ${value}: write a decimal number, or put text in quotes`,
      );
    }
    if (typeof value === 'string' && TRUTH_VALUES.test(value)) {
      refuse(node, `some readers of YAML take ${value} for a truth value: put it in quotes`);
    }
    return value;
  };
  const mapping = (map: YAMLMap) => {
    // Without a prototype, "__proto__" is a key like any other.
    const object = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of map.items) {
      if (isScalar(key) && typeof key.value === 'string') {
        read(key);
        if (key.value in object) refuse(key, `the key ${key.value} is there twice: keep one`);
        object[key.value] = read(value);
      } else refuse((key ?? map) as ParsedNode, 'a key has to be a word');
    }
    return object;
  };
  return { value: read(root), faults };
}

/** Where a path leads: to the key of a mapping, or to the entry of a list; as near as the text has it. */
export function offsetOf(root: ParsedNode | null, path: Steps): number {
  const { isMap, isScalar, isSeq } = yaml();
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const step of path) {
    let place: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      [place, node] = [pair?.key, pair?.value];
    } else {
      node = isSeq(node) ? node.items[Number(step)] : undefined;
      place = node;
    }
    offset = (place as ParsedNode | undefined)?.range?.[0] ?? offset;
  }
  return offset;
}
