// Has root's grants do their work in this network namespace, and prints what was there during and after it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rootGrants } from '../../src/daemon/root-grants.ts';

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const tables = () =>
  execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const conf = '/proc/sys/net/ipv4/conf';
const forwarding = () =>
  readdirSync(conf).filter((name) => readFileSync(`${conf}/${name}/forwarding`, 'latin1').trim() === '1');

ip('link', 'add', 'up0', 'type', 'bridge');
ip('address', 'add', '198.51.100.1/24', 'dev', 'up0');
ip('link', 'set', 'up0', 'up');
ip('route', 'add', 'default', 'via', '198.51.100.2');
const grants = rootGrants();
const { address, prefix } = await grants.ensureBridge();
const name = await grants.createTap({ address: '172.30.0.2', mac: '02:00:00:00:00:02', nat: true });
const taps = (await grants.listTaps()).map((tap) => tap.address);
const during = { bridge: `${address}/${prefix}`, tables: tables(), forwarding: forwarding(), taps };
await grants.deleteTap(name);
const links: { ifname: string }[] = JSON.parse(ip('-json', 'link', 'show'));
const after = { links: links.map(({ ifname }) => ifname), tables: tables(), forwarding: forwarding() };
process.stdout.write(JSON.stringify({ during, after }));
