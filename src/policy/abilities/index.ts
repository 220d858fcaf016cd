export { type EngineAbilities, EVERYTHING } from './engine-abilities.js';
export {
  ALL_PROGRAMS,
  type EngineObject,
  type EngineProgram,
  INHERITANCE,
  programsFor,
} from './programs.js';
export { assertSupported, ENGINE, unsupported } from './supported.js';
