// A manager of its own cgroup that may load nothing: does what it is told over IPC, one call at a time, and answers each
// with { value } or { error }. Told { call, args }.

import { BpfObject, Broker, BrokerClient, Cgroup, Link } from 'bpf-lsm';
import { tryListen } from '../support/try-listen.mjs';

let broker;
const links = [];

const calls = {
  connect: (path) => {
    broker = BrokerClient.connect(path);
  },
  disconnect: () => broker.close(),
  programs: () => broker.programs(),
  /** Gives the link's id. */
  attach: async (program, path) => {
    const link = await broker.attach(program, Cgroup.open(path));
    links.push(link);
    return link.id;
  },
  info: (id) => {
    const { cgroupId, ...more } = linkOf(id).info();
    return { ...more, cgroupId: String(cgroupId) };
  },
  closeLink: (id) => linkOf(id).close(),
  detachLink: (id) => linkOf(id).detach(),
  openLink: (id) => Link.openById(id).close(),
  load: async (path) => (await BpfObject.open(path).load()).close(),
  openCgroup: (path) => Cgroup.open(path).id.toString(),
  createChild: (path, name) => Cgroup.open(path).createChild(name).path,
  moveInto: (path) => Cgroup.open(path).add(process.pid),
  listen: tryListen,
  /** All of it, for another test. */
  letGo: () => {
    for (const link of links.splice(0)) link.close();
    broker.close();
  },
  serve: (path) => new Broker({ path, programs: {}, subtreeOf: () => undefined }).close(),
  uid: () => process.getuid(),
};

const linkOf = (id) => links.find((link) => link.id === id);

process.on('message', async ({ call, args }) => {
  try {
    process.send({ value: (await calls[call](...args)) ?? null });
  } catch (error) {
    const { code, reason, message, hint, path } = error;
    process.send({ error: { code, reason, message, hint, path } });
  }
});
process.send('ready');
