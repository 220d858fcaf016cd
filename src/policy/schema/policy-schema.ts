import { z } from 'zod';
import {
  ALL_OPERATIONS,
  type Effect,
  OPERATION_CLASSES,
  type Operation,
  type OperationClass,
  type OperationOn,
  type Policy,
  type Rule,
  type Scope,
  targetOf,
} from '../model/index.js';
import type { PolicyInput, RuleInput } from './input.js';
import { nameSchema, pathSchema, textSchema } from './leaves.js';
import { executableSchema, idRangeSchema, OBJECTS } from './objects.js';

/** So many rules can a policy have. */
export const MOST_RULES = 100_000;

const effect: z.ZodType<Effect, Effect> = z.enum(['allow', 'deny']);

/** A key that this form does not have, though others do. */
const absent = z.never().optional();

const scope: z.ZodType<Scope, PolicyInput['scope']> = z.union([
  z.literal('host').transform(() => ({ kind: 'host' as const })),
  z
    .strictObject({ cgroup: pathSchema })
    .transform(({ cgroup }) => ({ kind: 'cgroup' as const, path: cgroup })),
  z
    .strictObject({ domain: nameSchema })
    .transform(({ domain }) => ({ kind: 'domain' as const, name: domain })),
]);

const when = z.strictObject({
  executables: listOf(executableSchema).optional(),
  uids: listOf(idRangeSchema).optional(),
  gids: listOf(idRangeSchema).optional(),
});

const rule = z.union([
  ...anythingRules(),
  ...(Object.keys(OBJECTS) as (keyof typeof OBJECTS)[]).flatMap((sort) => rulesOn(sort)),
]) as unknown as z.ZodType<Rule, RuleInput>;

/** A policy as it is written, into one with everything filled in. */
export const policySchema: z.ZodType<Policy, PolicyInput> = z
  .strictObject({
    name: nameSchema,
    description: textSchema.optional(),
    scope,
    when: when.optional(),
    mode: z.enum(['audit', 'enforce']),
    errno: z.enum(['EACCES', 'EPERM']).optional(),
    onExhaustion: effect.optional(),
    defaults: z
      .strictObject(
        Object.fromEntries(OPERATION_CLASSES.map((name) => [name, effect.optional()])) as {
          [Class in OperationClass]: z.ZodOptional<z.ZodType<Effect, Effect>>;
        },
      )
      .optional(),
    rules: z.array(rule).max(MOST_RULES, `it has more than ${MOST_RULES} rules`),
  })
  .transform(({ name, description, scope, when = {}, mode, errno, onExhaustion, defaults = {}, rules }) => ({
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
  })) as z.ZodType<Policy, PolicyInput>;

/** Rules without objects: of any operations. */
function anythingRules() {
  return effects(ALL_OPERATIONS).map(({ key, other, operations }) =>
    z
      .strictObject({ [key]: operations, [other]: absent, objects: absent, reason: textSchema.optional() })
      .transform((given) => ({
        target: 'anything',
        effect: key,
        operations: given[key],
        objects: null,
        reason: given.reason ?? null,
      })),
  );
}

/** Rules with objects: of operations that act on this sort. */
function rulesOn<Sort extends keyof typeof OBJECTS>(sort: Sort) {
  const acting = ALL_OPERATIONS.filter((name) => targetOf(name) === sort) as OperationOn<Sort>[];
  return effects(acting).map(({ key, other, operations }) =>
    z
      .strictObject({
        [key]: operations,
        [other]: absent,
        objects: listOf(OBJECTS[sort]),
        reason: textSchema.optional(),
      })
      .transform((given) => ({
        target: sort,
        effect: key,
        operations: given[key],
        objects: given.objects,
        reason: given.reason ?? null,
      })),
  );
}

function effects(names: readonly Operation[]) {
  const operations = z
    .array(z.enum(names))
    .min(1, 'it is empty: name operations')
    .refine((given) => new Set(given).size === given.length, 'it names an operation twice: name it once')
    .meta({ uniqueItems: true });
  return [
    { key: 'deny', other: 'allow', operations },
    { key: 'allow', other: 'deny', operations },
  ] as const;
}

function listOf<Output, Input>(one: z.ZodType<Output, Input>) {
  return z.array(one).min(1, 'it is empty: leave it out, or name something');
}
