/** What a user may say of all hosts in ssh_config(5), and that a VM is reached all the same, by the real client. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { hostOptions, type SshConnection } from '../../src/ssh/options.ts';
import { SshServer } from '../agent/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const timeoutMs = 30_000;

/** A value of each option that would shut its user out of a VM if the VM's own block did not protect from it. */
const shutsOut = [
  'AddressFamily inet6',
  'BindAddress 203.0.113.1',
  'BindInterface nowhere0',
  'Ciphers aes256-cbc',
  'HostKeyAlgorithms rsa-sha2-512',
  'HostKeyAlias other',
  'HostName 127.0.0.2',
  'KexAlgorithms diffie-hellman-group14-sha1',
  'KnownHostsCommand /bin/false',
  'Port 1',
  'PreferredAuthentications password',
  'ProxyCommand false',
  'ProxyJump nowhere.invalid',
  'PubkeyAcceptedAlgorithms rsa-sha2-512',
  'PubkeyAuthentication no',
  'RemoteCommand false',
  'RequestTTY force',
  'RevokedHostKeys /nonexistent',
  'SessionType none',
  'StdinNull yes',
];

/** A value of each other option that is as far from the usual as it can be. */
const others = [
  'AddKeysToAgent confirm',
  'BatchMode yes',
  'CASignatureAlgorithms ssh-ed25519',
  'CanonicalDomains invalid',
  'CanonicalizeFallbackLocal no',
  'CanonicalizeHostname always',
  'CanonicalizeMaxDots 5',
  'CertificateFile /nonexistent',
  'CheckHostIP yes',
  'ClearAllForwardings yes',
  'Compression yes',
  'ConnectTimeout 1',
  'ConnectionAttempts 1',
  'ControlMaster auto',
  'ControlPersist yes',
  'DynamicForward 1',
  'EnableEscapeCommandline yes',
  'EnableSSHKeysign yes',
  'EscapeChar x',
  'ExitOnForwardFailure yes',
  'FingerprintHash md5',
  'ForkAfterAuthentication yes',
  'ForwardAgent yes',
  'ForwardX11 yes',
  'ForwardX11Trusted yes',
  'GSSAPIAuthentication yes',
  'GatewayPorts yes',
  'GlobalKnownHostsFile /nonexistent',
  'HashKnownHosts yes',
  'HostbasedAcceptedAlgorithms ssh-ed25519',
  'HostbasedAuthentication yes',
  'IPQoS throughput',
  'IdentitiesOnly no',
  'IdentityAgent /nonexistent',
  'IdentityFile /nonexistent',
  'KbdInteractiveAuthentication no',
  'KbdInteractiveDevices pam',
  'LocalCommand false',
  'LocalForward 1 localhost:1',
  'LogLevel QUIET',
  'MACs hmac-md5',
  'NoHostAuthenticationForLocalhost yes',
  'NumberOfPasswordPrompts 0',
  'PKCS11Provider /nonexistent',
  'PasswordAuthentication no',
  'PermitLocalCommand yes',
  'PermitRemoteOpen none',
  'ProxyUseFdpass yes',
  'RekeyLimit 1K',
  'RemoteForward 1 localhost:1',
  'RequiredRSASize 16384',
  'SecurityKeyProvider /nonexistent',
  'SendEnv *',
  'ServerAliveCountMax 1',
  'ServerAliveInterval 1',
  'SetEnv A=1',
  'StreamLocalBindMask 0777',
  'StreamLocalBindUnlink yes',
  'StrictHostKeyChecking ask',
  'SyslogFacility AUTH',
  'TCPKeepAlive no',
  'Tunnel yes',
  'TunnelDevice any',
  'UpdateHostKeys ask',
  'User nobody',
  'UserKnownHostsFile /nonexistent',
  'VerifyHostKeyDNS ask',
  'VisualHostKey yes',
  'XAuthLocation /nonexistent',
];

/** Runs `cat` as a user's ssh would in a VM, whose block stands above what is said of all hosts. */
async function reach(t: TestContext, connection: SshConnection, lines: readonly string[]) {
  const block = hostOptions(connection).map(([name, value]) => `${name} ${value}`);
  const config = join(temporaryDirectory(t), 'config');
  writeFileSync(config, `${['Host web.vm', ...block, 'Host *', ...lines].join('\n')}\n`, { mode: 0o600 });
  const ended = await execute({
    file: 'ssh',
    args: ['-F', config, 'web.vm', 'cat'],
    input: 'through',
    timeoutMs,
  });
  assert.deepEqual([ended.status, ended.stdout], [0, 'through'], ended.stderr);
}

test('no option that a user sets for all hosts keeps ssh from a VM', { concurrency: 4 }, async (t) => {
  const server = await SshServer.start(temporaryDirectory(t));
  t.after(() => server.close());
  const connection = await server.connection();
  for (const line of shutsOut) void t.test(line, (one) => reach(one, connection, [line]));
  void t.test('all others together', (one) => reach(one, connection, others));
});
