import type { z } from 'zod';
import {
  type Effect,
  OPERATION_CLASSES,
  type OperationClass,
  type Policy,
  type Scope,
} from '../model/index.js';
import type { PolicyInput } from './input.js';
import { lazily, zod } from './lazily.js';
import { nameSchema, pathSchema, textSchema } from './leaves.js';
import { executableSchema, idRangeSchema } from './objects.js';
import { listOf, ruleSchema } from './rule-schema.js';

/** So many rules can a policy have. */
const MOST_RULES = 100_000;

/** A policy as it is written, into one with everything filled in. */
export const policySchema: () => z.ZodType<Policy, PolicyInput> = lazily(() => {
  const z = zod();
  const effect: z.ZodType<Effect, Effect> = z.enum(['allow', 'deny']);
  const defaults = Object.fromEntries(OPERATION_CLASSES.map((name) => [name, effect.optional()])) as {
    [Class in OperationClass]: z.ZodOptional<z.ZodType<Effect, Effect>>;
  };
  return z
    .strictObject({
      name: nameSchema(),
      description: textSchema().optional(),
      scope: scopeSchema(z),
      when: z
        .strictObject({
          executables: listOf(executableSchema()).optional(),
          uids: listOf(idRangeSchema()).optional(),
          gids: listOf(idRangeSchema()).optional(),
        })
        .optional(),
      mode: z.enum(['audit', 'enforce']),
      errno: z.enum(['EACCES', 'EPERM']).optional(),
      onExhaustion: effect.optional(),
      defaults: z.strictObject(defaults).optional(),
      rules: z.array(ruleSchema()).max(MOST_RULES, `it has more than ${MOST_RULES} rules`),
    })
    .transform(
      ({ name, description, scope, when = {}, mode, errno, onExhaustion, defaults = {}, rules }) => ({
        name,
        description: description ?? null,
        scope,
        conditions: {
          executables: when.executables ?? null,
          uids: when.uids ?? null,
          gids: when.gids ?? null,
        },
        mode,
        errno: errno ?? 'EACCES',
        onExhaustion: onExhaustion ?? 'deny',
        defaults: Object.fromEntries(
          OPERATION_CLASSES.map((name) => [name, defaults[name] ?? 'allow']),
        ) as Policy['defaults'],
        rules,
      }),
    );
});

function scopeSchema(z: ReturnType<typeof zod>): z.ZodType<Scope, PolicyInput['scope']> {
  return z.union([
    z.literal('host').transform(() => ({ kind: 'host' as const })),
    z
      .strictObject({ cgroup: pathSchema() })
      .transform(({ cgroup }) => ({ kind: 'cgroup' as const, path: cgroup })),
    z
      .strictObject({ domain: nameSchema() })
      .transform(({ domain }) => ({ kind: 'domain' as const, name: domain })),
  ]);
}
