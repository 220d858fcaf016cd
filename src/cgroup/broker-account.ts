import { BpfError } from '../errors.js';
import { linkInfoById } from '../object/index.js';

/**
 * The links that each user got. They are the users' own, who tell nobody when they let go of them; so whether one is
 * still there is asked when a user has reached the bound.
 */
export class LinkAccount {
  readonly #most: number;
  readonly #byUser = new Map<number, Set<number>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws BpfError `ERR_BPF_BROKER_LIMIT` when the user has all they may have */
  assertRoom(uid: number): void {
    const links = this.#byUser.get(uid);
    if (!links || links.size < this.#most) return;
    for (const id of links) if (linkInfoById(id) === null) links.delete(id);
    if (links.size < this.#most) return;
    throw new BpfError(`user ${uid} has ${links.size} links from this broker, which is all they may have`, {
      code: 'ERR_BPF_BROKER_LIMIT',
      reason: 'permission',
      hint: 'close one first',
    });
  }

  add(uid: number, linkId: number): void {
    const links = this.#byUser.get(uid);
    if (links) links.add(linkId);
    else this.#byUser.set(uid, new Set([linkId]));
  }
}
