import type { z } from 'zod';
import { ALL_OPERATIONS, type Operation, type OperationOn, type Rule, targetOf } from '../model/index.js';
import type { RuleInput } from './input.js';
import { lazily, zod } from './lazily.js';
import { textSchema } from './leaves.js';
import { objectSchemas } from './objects.js';

/** What a rule is about. */
type Sort = keyof ReturnType<typeof objectSchemas>;

/** A rule. */
export const ruleSchema: () => z.ZodType<Rule, RuleInput> = lazily(() => {
  const rules = [
    ...anythingRules(),
    ...(Object.keys(objectSchemas()) as Sort[]).flatMap((sort) => rulesOn(sort)),
  ];
  return zod().union(rules) as unknown as z.ZodType<Rule, RuleInput>;
});

/** A list with something in it. */
export function listOf<Output, Input>(one: z.ZodType<Output, Input>): z.ZodType<Output[], Input[]> {
  return zod().array(one).min(1, 'it is empty: leave it out, or name something');
}

/** A key that this form does not have, though others do. */
const absent = lazily(() => zod().never().optional());

/** Rules without objects: of any operations. */
function anythingRules(): z.ZodType[] {
  return effects(ALL_OPERATIONS).map(({ key, other, operations }) =>
    zod()
      .strictObject({
        [key]: operations,
        [other]: absent(),
        objects: absent(),
        reason: textSchema().optional(),
      })
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
function rulesOn<Of extends Sort>(sort: Of): z.ZodType[] {
  const acting = ALL_OPERATIONS.filter((name) => targetOf(name) === sort) as OperationOn<Of>[];
  return effects(acting).map(({ key, other, operations }) =>
    zod()
      .strictObject({
        [key]: operations,
        [other]: absent(),
        objects: listOf(objectSchemas()[sort]),
        reason: textSchema().optional(),
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
  const operations = zod()
    .array(zod().enum(names))
    .min(1, 'it is empty: name operations')
    .refine((given) => new Set(given).size === given.length, 'it names an operation twice: name it once')
    .meta({ uniqueItems: true });
  return [
    { key: 'deny', other: 'allow', operations },
    { key: 'allow', other: 'deny', operations },
  ] as const;
}
