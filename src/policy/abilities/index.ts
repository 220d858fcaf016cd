export { type EngineAbilities, EVERYTHING } from './engine-abilities.js';
export {
  type EngineObject,
  type EngineProgram,
  INHERITANCE,
  programsFor,
} from './programs.js';
export { assertSupported, ENGINE, unsupported } from './supported.js';
