export { definePolicy, validatePolicy } from './define-policy.js';
export type {
  AddressObjectInput,
  BpfCallObjectInput,
  EffectInput,
  ExecutableInput,
  FileObjectInput,
  IdInput,
  ObjectInputs,
  PolicyInput,
  PortInput,
  ProcessObjectInput,
  RuleInput,
  RuleOnInput,
  SocketObjectInput,
} from './input.js';
export { policyJsonSchema } from './json-schema.js';
export { lazily } from './lazily.js';
export { andList, nearest, orList, suggestion } from './nearest.js';
export { PolicyError, type PolicyProblem, problemText } from './policy-error.js';
export { writtenPolicy } from './written-policy.js';
