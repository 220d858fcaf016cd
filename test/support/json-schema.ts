type Schema = Record<string, unknown>;

/** Says nothing of a value, or names it. */
const NO_ASSERTION = new Set(['$schema', '$defs', 'title', 'description']);

/**
 * Whether a value is valid by a JSON Schema of draft 2020-12: as much of the standard as schemas of policies use, written
 * from the standard; a keyword it does not know is an error.
 */
export function isValid(root: Schema, value: unknown): boolean {
  const check = (schema: Schema | boolean, value: unknown): boolean =>
    typeof schema === 'boolean'
      ? schema
      : Object.entries(schema).every(([keyword, argument]) => holds(keyword, argument, schema, value));

  const holds = (keyword: string, argument: unknown, schema: Schema, value: unknown): boolean => {
    if (NO_ASSERTION.has(keyword)) return true;
    switch (keyword) {
      case '$ref': {
        const name = /^#\/\$defs\/(.+)$/.exec(String(argument))?.[1] ?? '';
        const target = (root.$defs as Record<string, Schema> | undefined)?.[name];
        if (target === undefined) throw new Error(`there is no ${argument}`);
        return check(target, value);
      }
      case 'type':
        return isOfType(argument as string, value);
      case 'const':
        return value === argument;
      case 'enum':
        return (argument as unknown[]).includes(value);
      case 'not':
        return !check(argument as Schema, value);
      case 'anyOf':
        return (argument as Schema[]).some((one) => check(one, value));
      case 'pattern':
        return typeof value !== 'string' || new RegExp(argument as string, 'u').test(value);
      case 'minLength':
        return typeof value !== 'string' || [...value].length >= (argument as number);
      case 'maxLength':
        return typeof value !== 'string' || [...value].length <= (argument as number);
      case 'minimum':
        return typeof value !== 'number' || value >= (argument as number);
      case 'maximum':
        return typeof value !== 'number' || value <= (argument as number);
      case 'minItems':
        return !Array.isArray(value) || value.length >= (argument as number);
      case 'maxItems':
        return !Array.isArray(value) || value.length <= (argument as number);
      case 'uniqueItems':
        return (
          !Array.isArray(value) || new Set(value.map((one) => JSON.stringify(one))).size === value.length
        );
      case 'items':
        return !Array.isArray(value) || value.every((one) => check(argument as Schema, one));
      case 'required':
        return !isObject(value) || (argument as string[]).every((key) => Object.hasOwn(value, key));
      case 'properties':
        return Object.entries(argument as Record<string, Schema>).every(
          ([key, of]) => !isObject(value) || !Object.hasOwn(value, key) || check(of, value[key]),
        );
      case 'additionalProperties': {
        const known = Object.keys((schema.properties as object | undefined) ?? {});
        const others = isObject(value) ? Object.keys(value).filter((key) => !known.includes(key)) : [];
        return others.every((key) => check(argument as Schema | boolean, (value as Schema)[key]));
      }
      default:
        throw new Error(`the keyword ${keyword} is not known here`);
    }
  };
  return check(root, value);
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      throw new Error(`the type ${type} is not known here`);
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
