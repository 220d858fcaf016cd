import type {
  AddressKey,
  Anchor,
  AnchorKey,
  ControlRecord,
  DecisionRecord,
  FactKey,
  GenerationRecord,
  IdPrefix,
  Membership,
  NameKey,
  NameRules,
  Pair,
  PortKey,
  ScopeKey,
  SocketKey,
  SourcePiece,
  Turn,
  UnixNameKey,
} from './layout.js';

/** The maps that all objects of the engine share. */
export interface EngineMaps {
  control: { type: 'array'; key: number; value: ControlRecord };
  generations: MapOf<'array', number, GenerationRecord>;
  anchors: MapOf<'hash', AnchorKey, Anchor>;
  names: MapOf<'hash', NameKey, NameRules>;
  scopes: MapOf<'hash', ScopeKey, bigint>;
  ids: MapOf<'lpm_trie', IdPrefix, bigint>;
  facts: MapOf<'hash', FactKey, Pair>;
  addresses: MapOf<'lpm_trie', AddressKey, number>;
  ports: MapOf<'lpm_trie', PortKey, Pair>;
  unix_names: MapOf<'hash', UnixNameKey, Pair>;
  sockets: MapOf<'hash', SocketKey, Pair>;
  denials: MapOf<'array', number, bigint>;
  sources: MapOf<'hash', number, SourcePiece>;
  memberships: { type: 'task_storage'; key: number; value: Membership };
  turns: { type: 'hash'; key: number; value: Turn };
  decisions: { type: 'ringbuf'; value: DecisionRecord };
  decisions_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
}

interface MapOf<Type, Key, Value> {
  type: 'array_of_maps';
  key: number;
  inner: { type: Type; key: Key; value: Value };
}

/** An object of the engine, whichever its programs are. */
export interface EngineShape {
  programs: string;
  maps: EngineMaps;
  globals: Record<never, never>;
}
