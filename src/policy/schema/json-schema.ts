import { zod } from './lazily.js';
import { policySchema } from './policy-schema.js';

/**
 * The JSON Schema of a policy as it is written: one document of a YAML file. Generated from the schema that
 * {@link definePolicy} and {@link parsePolicies} check with, and published as `bpf-lsm/policy.schema.json`.
 *
 * It says all but what JSON Schema has no words for: that a range ends after it begins, that a network has no bits
 * beyond its prefix and is no IPv4-mapped one, and how long names are in bytes.
 */
export function policyJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = zod().toJSONSchema(policySchema(), { io: 'input', reused: 'ref' });
  return {
    $schema,
    title: 'A policy of bpf-lsm',
    description: 'What the processes of a scope may do: see docs/policies.md.',
    ...schema,
  };
}
