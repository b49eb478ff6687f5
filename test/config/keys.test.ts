import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/file.ts';

const parsed = (text: string) => parseConfig(text, 'f', '/home/ada');

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/** What a text sets, and nothing else. */
const good: [text: string, settings: object][] = [
  ...['trace', 'debug', 'info', 'warn', 'error'].map((logLevel): [string, object] => [
    `log_level = "${logLevel}"`,
    { logLevel },
  ]),
  ['firecracker_bin = "firecracker"', { firecrackerBin: 'firecracker' }],
  ['firecracker_bin = "~/bin/fc"', { firecrackerBin: '/home/ada/bin/fc' }],
  ['qemu_bin = "qemu"', { qemuBin: 'qemu' }],
  ['qemu_bin = "~/bin/qemu"', { qemuBin: '/home/ada/bin/qemu' }],
  ["qemu_bin = '/opt/q e/mu'", { qemuBin: '/opt/q e/mu' }],
  ['vmm = "auto"', { vmm: 'auto' }],
  ['vmm = "qemu"', { vmm: 'qemu' }],
  ['vmm = "firecracker"', { vmm: 'firecracker' }],
  ['ssh_key_path = "/keys/id"', { sshKeyPath: '/keys/id' }],
  ['ssh_key_path = "~/.ssh/id"', { sshKeyPath: '/home/ada/.ssh/id' }],
  ['default_image_name = "other"', { defaultImageName: 'other' }],
  ['network = "auto"', { network: 'auto' }],
  ['network = "user"', { network: 'user' }],
  ['network = "bridge"', { network: 'bridge' }],
  ['network = "none"', { network: 'none' }],
  ['auto_stop_stale_after = "1h30m"', { autoStopStaleAfter: 5_400_000 }],
  ['auto_stop_stale_after = "1s"', { autoStopStaleAfter: 1000 }],
  ['auto_stop_stale_after = "21d"', { autoStopStaleAfter: 21 * 86_400_000 }],
  ['auto_stop_stale_after = "off"', {}],
  ['stats_poll_interval = "1s"', { statsPollInterval: 1000 }],
  ['stats_poll_interval = "1500ms"', { statsPollInterval: 1500 }],
  ['metrics_poll_interval = "1d"', { metricsPollInterval: 86_400_000 }],
  ['bridge_name = "br-banger.0_1"', { bridgeName: 'br-banger.0_1' }],
  ['bridge_ip = "172.30.0.1"', { bridgeIp: '172.30.0.1' }],
  ['cidr = "172.30.0.0/24"', { cidr: '172.30.0.0/24' }],
  ['cidr = "24"', { cidr: '/24' }],
  ['cidr = 16', { cidr: '/16' }],
  ['bridge_ip = "172.30.0.1"\ncidr = "172.30.0.0/30"', { bridgeIp: '172.30.0.1', cidr: '172.30.0.0/30' }],
  ['tap_pool_size = 0', { tapPoolSize: 0 }],
  ['tap_pool_size = 64', { tapPoolSize: 64 }],
  ['guest_lan = true', { guestLan: true }],
  ['guest_peers = false', { guestPeers: false }],
  ['default_dns = "9.9.9.9"', { defaultDns: ['9.9.9.9'] }],
  ['default_dns = ["9.9.9.9",\n "1.1.1.1",]', { defaultDns: ['9.9.9.9', '1.1.1.1'] }],
  ['[vm_defaults]\nvcpu = 1', { vmDefaults: { vcpus: 1 } }],
  ['vm_defaults.vcpu = 64', { vmDefaults: { vcpus: 64 } }],
  ['vm_defaults = { memory = "256M" }', { vmDefaults: { memoryBytes: 256 * MiB } }],
  ['[vm_defaults]\nmemory = "1T"', { vmDefaults: { memoryBytes: 1024 * GiB } }],
  ['[vm_defaults]\ndisk_size = "64MiB"', { vmDefaults: { diskBytes: 64 * MiB } }],
  ['[vm_defaults]\ndisk_size = "16T"', { vmDefaults: { diskBytes: 16 * 1024 * GiB } }],
  [
    '[[file_sync]]\nhost = "~/.gitconfig"\nguest = "~/.gitconfig"',
    { fileSync: [{ host: '/home/ada/.gitconfig', guest: '/root/.gitconfig' }] },
  ],
  [
    'file_sync = [{ host = "/etc/hosts", guest = "/root//a/./b/", mode = "0444" }]',
    { fileSync: [{ host: '/etc/hosts', guest: '/root/a/b', mode: 0o444 }] },
  ],
  [
    '[[file_sync]]\nhost = "/a"\nguest = "~/a"\nmode = "700"\n[[file_sync]]\nhost = "/a"\nguest = "~/ab"',
    {
      fileSync: [
        { host: '/a', guest: '/root/a', mode: 0o700 },
        { host: '/a', guest: '/root/ab' },
      ],
    },
  ],
];

describe('what is right is taken', () => {
  for (const [text, settings] of good) {
    test(JSON.stringify(text), () => {
      const { problems, settings: found } = parsed(text);
      assert.deepEqual(problems, []);
      const { places: _, ...rest } = found;
      assert.deepEqual(rest, { vmDefaults: {}, ...settings });
    });
  }
});

const entry = (lines: string) => `[[file_sync]]\nhost = "~/a"\nguest = "~/a"\n[[file_sync]]\n${lines}`;

/** What is wrong with a text: each problem from the line's number on. */
const bad: [text: string, ...problems: (string | RegExp)[]][] = [
  // Unknown keys.
  ['# one\nlog_levle = "info"\n', '2: log_levle is not a setting; did you mean log_level?'],
  ['vcpu = 2\n', '1: vcpu is not a setting; did you mean vm_defaults.vcpu?'],
  ['memory = "2G"', '1: memory is not a setting; did you mean vm_defaults.memory?'],
  ['guest = "~/x"', '1: guest is not a setting; did you mean guest under [[file_sync]]?'],
  ['colour = 1\n', /^1: colour is not a setting; known here: .*log_level/],
  ['Log-Level = "info"', '1: Log-Level is not a setting; did you mean log_level?'],
  ['\n[vm_defaults]\nvcpus = 2\n', '3: vm_defaults.vcpus is not a setting; did you mean vm_defaults.vcpu?'],
  [
    '[vm_defaults]\nvmm = "qemu"\n',
    '2: vm_defaults.vmm is not a setting; did you mean vmm, above the first [table]?',
  ],
  ['[vm_default]\nvcpu = 2\n', '1: vm_default is not a setting; did you mean vm_defaults?'],
  ['[files]\nhost = 2\n', /^1: files is not a setting; /],
  ['__proto__ = 1\n', /^1: __proto__ is not a setting/],
  ['constructor = 1\n', /^1: constructor is not a setting/],
  ['"a\\u001bb" = 1\n', /^1: "a\\u001bb" is not a setting/],
  ['"a.b" = 1\n', /^1: "a.b" is not a setting/],
  ['"" = 1\n', /^1: "" is not a setting/],
  // Words.
  ['log_level = "loud"\n', /^1: log_level must be .*"debug".*; it is "loud"$/],
  ['log_level = ["info",\n "debug"]\n', /^1: log_level must be .*; it is a list$/],
  ['log_level = 1979-05-27\n', /^1: log_level must be .*; it is a date$/],
  ['vmm = "vmware"\n', '1: vmm must be "auto" or "qemu" or "firecracker"; it is "vmware"'],
  ['network = "nat"\n', '1: network must be "auto" or "user" or "bridge" or "none"; it is "nat"'],
  ['default_image_name = ""\n', '1: default_image_name must be a text in quotes; it is ""'],
  ['default_image_name = 7\n', '1: default_image_name must be a text in quotes; it is 7'],
  [
    'default_image_name = """\nx\n"""\nvmm = 1',
    '1: default_image_name must be a text in quotes; it is "x\\n"',
    /^4: vmm/,
  ],
  // Paths.
  ['ssh_key_path = "keys/id"', "1: ssh_key_path must be an absolute path or begin with ~/; it is 'keys/id'"],
  ['ssh_key_path = "~bob/id"', "1: ssh_key_path must be an absolute path or begin with ~/; it is '~bob/id'"],
  ['ssh_key_path = true', '1: ssh_key_path must be a text in quotes; it is true'],
  ['qemu_bin = "./qemu"', "1: qemu_bin must be an absolute path or begin with ~/; it is './qemu'"],
  ['qemu_bin = "/a\\u0000b"', '1: qemu_bin must be a text in quotes; it is "/a\\u0000b"'],
  ['qemu_bin = ["qemu"]', '1: qemu_bin must be a text in quotes; it is a list'],
  ['firecracker_bin = "x/y"', /^1: firecracker_bin must be an absolute path/],
  // Durations.
  [
    'auto_stop_stale_after = "soon"',
    '1: auto_stop_stale_after is wrong: the duration "soon": it is not a duration; write a number and a unit, such as 30m or 1h30m',
  ],
  ['auto_stop_stale_after = 30', /^1: auto_stop_stale_after must be a duration in quotes with its unit/],
  ['auto_stop_stale_after = false', /^1: auto_stop_stale_after must be a duration/],
  ['auto_stop_stale_after = "22d"', '1: auto_stop_stale_after must be from 1s to 21d; it is "22d"'],
  ['auto_stop_stale_after = "0s"', '1: auto_stop_stale_after must be from 1s to 21d; it is "0s"'],
  ['stats_poll_interval = "999ms"', '1: stats_poll_interval must be from 1s to 1d; it is "999ms"'],
  ['stats_poll_interval = "off"', /^1: stats_poll_interval is wrong: /],
  ['metrics_poll_interval = "25h"', '1: metrics_poll_interval must be from 1s to 1d; it is "25h"'],
  ['metrics_poll_interval = ""', /^1: metrics_poll_interval must be a duration in quotes/],
  // The bridge.
  ['guest_peers = "yes"', '1: guest_peers must be true or false; it is "yes"'],
  ['bridge_name = "a name"', /^1: bridge_name must be up to 15 letters.*; it is "a name"$/],
  ['bridge_name = "sixteen-letters-"', /^1: bridge_name must be up to 15/],
  ['bridge_name = ".."', /^1: bridge_name must be up to 15/],
  ['bridge_ip = "172.30.0.256"', /^1: bridge_ip must be the IPv4 address of an interface/],
  ['bridge_ip = "127.0.0.1"', /^1: bridge_ip must be the IPv4 address of an interface/],
  ['bridge_ip = "fd00::1"', /^1: bridge_ip must be the IPv4 address/],
  ['cidr = "172.30.0.0"', /^1: cidr must be a network such as/],
  ['cidr = "172.30.0/24"', /^1: cidr must be a network such as/],
  ['cidr = true', /^1: cidr must be a network such as/],
  ['cidr = "10.0.0.0/31"', '1: cidr has the prefix /31; give one from /8 to /30'],
  [
    'cidr = "172.30.0.0/24"\nbridge_ip = "172.31.0.1"',
    '2: bridge_ip (172.31.0.1) does not lie in cidr (172.30.0.0/24)',
  ],
  ['tap_pool_size = -1', '1: tap_pool_size must be a whole number from 0 to 64; it is -1'],
  ['tap_pool_size = 65', '1: tap_pool_size must be a whole number from 0 to 64; it is 65'],
  ['tap_pool_size = nan', '1: tap_pool_size must be a whole number from 0 to 64; it is NaN'],
  ['tap_pool_size = "4"', '1: tap_pool_size must be a whole number from 0 to 64; it is "4"'],
  // Name servers.
  ['default_dns = "dns.example"', /^1: default_dns must be an IPv4 address in quotes or a list/],
  ['default_dns = "::1"', /^1: default_dns must be an IPv4 address/],
  ['default_dns = ["9.9.9.9",\n 8]', /^2: default_dns\[1\] must be an IPv4 address/],
  [
    'default_dns = ["9.9.9.9",\n "127.0.0.1"]',
    '2: default_dns[1] is 127.0.0.1, which is not the address of a name server',
  ],
  ['default_dns = {}', /^1: default_dns must be an IPv4 address/],
  ['default_dns = []', /^1: default_dns names no server/],
  ['default_dns = ["9.9.9.9", "9.9.9.9"]', '1: default_dns[1] is 9.9.9.9 for the second time'],
  ['default_dns = "127.0.0.53"', '1: default_dns is 127.0.0.53, which is not the address of a name server'],
  ['default_dns = "239.1.1.1"', '1: default_dns is 239.1.1.1, which is not the address of a name server'],
  ['default_dns = ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]', /^1: default_dns has 4 servers/],
  // Sizes of VMs.
  ['vm_defaults = 3\n', '1: vm_defaults must be a table; it is 3'],
  ['[[vm_defaults]]\nvcpu = 2', '1: vm_defaults must be a table; it is a list'],
  ['[vm_defaults]\nvcpu = 0\n', '2: vm_defaults.vcpu must be a whole number from 1 to 64; it is 0'],
  ['[vm_defaults]\nvcpu = 65\n', '2: vm_defaults.vcpu must be a whole number from 1 to 64; it is 65'],
  ['[vm_defaults]\nvcpu = "2"\n', '2: vm_defaults.vcpu must be a whole number from 1 to 64; it is "2"'],
  ['vm_defaults.vcpu = 1.5\n', '1: vm_defaults.vcpu must be a whole number from 1 to 64; it is 1.5'],
  ['vm_defaults.vcpu = inf\n', '1: vm_defaults.vcpu must be a whole number from 1 to 64; it is Infinity'],
  [
    '[vm_defaults]\nmemory = 2\n',
    '2: vm_defaults.memory must be a size in quotes with its unit, such as "2G"; it is 2',
  ],
  ['[vm_defaults]\n\nmemory = "lots"\n', /^3: vm_defaults\.memory is wrong: .*lots/],
  ['[vm_defaults]\nmemory = "-1G"\n', /^2: vm_defaults\.memory is wrong: .*negative/],
  [
    '[vm_defaults]\nmemory = "255M"\n',
    '2: vm_defaults.memory must be from 256 MiB to 1048576 MiB; it is "255M"',
  ],
  ['[vm_defaults]\ndisk_size = ""\n', /^2: vm_defaults\.disk_size must be a size in quotes/],
  ['[vm_defaults]\ndisk_size = "17T"\n', '2: vm_defaults.disk_size must be from 64M to 16T; it is "17T"'],
  // Every mistake, of one table and of several.
  [
    'vmm = 1\n[vm_defaults]\nvcpu = "4"\nmemory = "4.5G"\ndisk_size = 1\n[[file_sync]]\nhost = "a"\nguest = "b"\nmode = 7',
    /^1: vmm must be /,
    /^3: vm_defaults\.vcpu must be a whole number/,
    /^4: vm_defaults\.memory is wrong: .*fractions/,
    /^5: vm_defaults\.disk_size must be a size/,
    /^7: file_sync\[0\]\.host must be an absolute path/,
    /^8: file_sync\[0\]\.guest must begin with/,
    /^9: file_sync\[0\]\.mode must be octal digits/,
  ],
  // Files of the host.
  ['file_sync = "x"', /^1: file_sync must be a list of tables, each under a \[\[file_sync\]\].*; it is "x"$/],
  ['[file_sync]\nhost = "/a"\nguest = "~/a"', /^1: file_sync must be a list of tables.*; it is a table$/],
  ['file_sync = [1]', /^1: file_sync\[0\] must be .*; it is 1$/],
  [
    '\n\n[[file_sync]]\nhost = "~/.gitconfig"\n',
    '3: file_sync[0].guest is missing; each entry needs host and guest',
  ],
  [entry('guest = "~/b"'), '4: file_sync[1].host is missing; each entry needs host and guest'],
  [
    entry('host = "b"\nguest = "~/b"'),
    "5: file_sync[1].host must be an absolute path or begin with ~/; it is 'b'",
  ],
  [entry('host = "~/../b"\nguest = "~/b"'), "5: file_sync[1].host must not have .. in it; it is '~/../b'"],
  [
    entry('host = "~bob/b"\nguest = "~/b"'),
    "5: file_sync[1].host must not name another user's home (~bob); write ~/ for your own",
  ],
  [
    entry('host = "~"\nguest = "~/b"'),
    '5: file_sync[1].host is a whole home directory; name something in it',
  ],
  [entry('host = "/"\nguest = "~/b"'), '5: file_sync[1].host is the whole host; name something in it'],
  [entry('host = 3\nguest = "~/b"'), '5: file_sync[1].host must be a text in quotes; it is 3'],
  [entry('host = "/b"\nguest = "b"'), "6: file_sync[1].guest must begin with ~/ or /root/; it is 'b'"],
  [
    entry('host = "/b"\nguest = "/etc/b"'),
    "6: file_sync[1].guest must begin with ~/ or /root/, as nothing else of the guest outlives its image; it is '/etc/b'",
  ],
  [entry('host = "/b"\nguest = "/rootb"'), /^6: file_sync\[1\]\.guest must begin with/],
  [
    entry('host = "/b"\nguest = "/root/"'),
    "6: file_sync[1].guest is the guest's whole home directory; name something in it",
  ],
  [
    entry('host = "/b"\nguest = "~/../etc"'),
    "6: file_sync[1].guest must not have .. in it; it is '~/../etc'",
  ],
  [entry('host = "/b"\nguest = "~root/b"'), /^6: file_sync\[1\]\.guest must not name another user's home/],
  [
    entry('host = "/b"\nguest = "/root/./a/"'),
    '6: file_sync[1].guest is the same path as file_sync[0].guest (/root/a); leave one of the two out',
  ],
  [
    entry('host = "/b"\nguest = "~/a/b"'),
    '6: file_sync[1].guest lies inside file_sync[0].guest (/root/a); leave one of the two out',
  ],
  [
    '[[file_sync]]\nhost = "/a"\nguest = "~/a/b"\n[[file_sync]]\nhost = "/a"\nguest = "~/a"',
    '6: file_sync[1].guest encloses file_sync[0].guest (/root/a/b); leave one of the two out',
  ],
  [
    entry('host = "/b"\nguest = "~/b"\nmode = 600'),
    '7: file_sync[1].mode must be octal digits in quotes, such as "0600"; it is 600',
  ],
  [
    entry('host = "/b"\nguest = "~/b"\nmode = "rw"'),
    '7: file_sync[1].mode must be three octal digits in quotes, such as "0600"; it is "rw"',
  ],
  [entry('host = "/b"\nguest = "~/b"\nmode = "0800"'), /^7: file_sync\[1\]\.mode must be three octal digits/],
  [
    entry('host = "/b"\nguest = "~/b"\nmode = "4755"'),
    '7: file_sync[1].mode must not have setuid, setgid or sticky; write "0755"',
  ],
  [
    entry('host = "/b"\nguest = "~/b"\nmode = "0060"'),
    '7: file_sync[1].mode would keep the file\'s owner from reading it; write "0660"',
  ],
  [
    entry('host = "/b"\nguest = "~/b"\nmdoe = "0600"'),
    '7: file_sync[1].mdoe is not a setting; did you mean mode?',
  ],
  [
    'file_sync = [\n  { host = "/a", guest = "~/a" },\n\n  { host = "/b", guest = "b" },\n]',
    /^4: file_sync\[1\]\.guest must/,
  ],
  [
    Array.from({ length: 101 }, (_, i) => `[[file_sync]]\nhost = "/a"\nguest = "~/${i}"\n`).join(''),
    '1: file_sync has 101 entries; no more than 100 are taken',
  ],
  // Several at once, in the order of their lines.
  [
    'vmm = 1\nlog_levle = "x"\nnetwork = 2\n[vm_defaults]\nvcpu = 0\nmemory = 1\n[[file_sync]]\nguest = 1\n',
    /^1: vmm /,
    /^2: log_levle /,
    /^3: network /,
    /^5: vm_defaults.vcpu /,
    /^6: vm_defaults.memory /,
    /^7: file_sync\[0\].host is missing/,
    /^8: file_sync\[0\].guest must/,
  ],
  // What is not TOML.
  ['log_level = "info\n', /^1: is not valid TOML: .*; write KEY = VALUE, with texts in quotes$/],
  [
    'log_level = info\nvmm = 3\n',
    /^1: is not valid TOML: /,
    '2: vmm must be "auto" or "qemu" or "firecracker"; it is 3',
  ],
  [
    'log_level\nvmm\n\n= 3\n',
    /^1: is not valid TOML: /,
    /^2: is not valid TOML: /,
    /^4: is not valid TOML: /,
  ],
  ['vmm = "auto" network = "user"\n', /^1: is not valid TOML: /],
  ['vmm = "auto"\nvmm = "qemu"\n', '2: vmm is there for the second time; leave one of the two out'],
  [
    'default_dns = "1.1.1.1"\ndefault_dns = [\n"9.9.9.9",\n]\nvmm = 1',
    '2: default_dns is there for the second time; leave one of the two out',
    /^5: vmm/,
  ],
  [
    '[vm_defaults]\nvcpu = 0\n[vm_defaults]\nvcpu = 2\n',
    /^2: vm_defaults.vcpu/,
    '3: [vm_defaults] is there for the second time; leave one of the two out',
  ],
  ['vmm = "auto"\n[vm_defaults\nvcpu = 2\n[[file_sync]', /^2: is not valid TOML/, /^4: is not valid TOML/],
  ['[[file_sync]]\nhost = x\nguest = "b"\n', /^2: is not valid TOML/, /^3: file_sync\[0\].guest must/],
  ['default_dns = [\n "9.9.9.9"\n "1.1.1.1"\n]\nvmm = 1', /^3: is not valid TOML/, /^5: vmm/],
  [
    'network = 1\ndefault_dns = [\n "9.9.9.9",\nvmm = "auto"\n',
    /^1: network/,
    '2: is not valid TOML: what begins here has no end; close its bracket or quote',
  ],
  ['default_dns = [\nvmm = [\n"x"]\n', /^1: is not valid TOML: what begins here has no end/],
  ['default_dns = [\n[[file_sync]]\nhost = "/a"\n', /^1: is not valid TOML: what begins here has no end/],
  ['vmm = {\n\n', /^1: is not valid TOML/],
  ['default_image_name = """\nabc\n', /^1: is not valid TOML/],
  ['vmm = "\u0007"\n', /^1: is not valid TOML/],
  // Brackets and quotes that are no structure must not move the lines.
  ['default_image_name = "[#\\"" # ]"\'\nvmm = 1', /^2: vmm/],
  ["default_image_name = '''\n[x\n''''\nvmm = 1", /^1: default_image_name/, /^4: vmm/],
  ['# \u2028 "\ndefault_dns = [ # "\n "9.9.9.9" ]\r\nvmm = 1', /^4: vmm/],
];

describe('what is wrong is told by line, key, reason and remedy', () => {
  for (const [text, ...expected] of bad) {
    test(JSON.stringify(text.slice(0, 100)), () => {
      const { problems, settings } = parsed(text);
      assert.deepEqual(settings, {});
      assert.equal(problems.length, expected.length, problems.join('\n'));
      for (const [index, problem] of problems.entries()) {
        const said = problem.replace(/^f:/, '');
        const wanted = expected[index] ?? '';
        if (typeof wanted === 'string') assert.equal(said, wanted);
        else assert.match(said, wanted);
      }
    });
  }
});
