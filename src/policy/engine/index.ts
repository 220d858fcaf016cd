export {
  type AppliedPolicy,
  type ApplyOptions,
  apply,
  confirm,
  type EngineOptions,
  type EngineStatus,
  remove,
  rollback,
  status,
} from './apply.js';
