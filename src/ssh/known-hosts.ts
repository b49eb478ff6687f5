/**
 * The name by which a VM's host key stands in known_hosts: addresses and ports are used again by others.
 * @param id the VM's
 */
export function hostKeyAlias(id: string): string {
  return `banger-${id}`;
}

/**
 * The line of known_hosts for a VM, with its line end.
 * @param publicKey as ssh-keygen writes it: `ssh-ed25519 AAAA… comment`
 */
export function knownHostsLine(id: string, publicKey: string): string {
  const [type = '', key = ''] = publicKey.trim().split(/\s+/);
  return `${hostKeyAlias(id)} ${type} ${key}\n`;
}
