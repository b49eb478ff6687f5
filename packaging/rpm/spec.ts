import { description, summary } from '../description.ts';

/** What a spec file says of the package itself. */
export interface Identity {
  version: string;
  maintainer: string;
  /** As %changelog has it: `Wed Nov 25 2026`. */
  date: string;
  /** The directory of the programs, as packages have it: `usr/lib/banger/…`. */
  lib: string;
}

/** What banger runs, by the names of Fedora; what does as well is behind `or`. */
const requires: readonly string[] = [
  'apt',
  'busybox',
  'ca-certificates',
  'dbus-daemon',
  'debian-keyring',
  'e2fsprogs',
  'git-core',
  'iproute',
  'kmod',
  'mmdebstrap',
  'openssh-clients',
  '(qemu-system-x86-core or qemu-kvm-core)',
  'shadow-utils',
  'slirp4netns',
  'squashfs-tools-ng',
  'tar',
  'util-linux',
  'xz',
];

/** What bridged networks need; banger has others without. */
const recommends: readonly string[] = ['nftables', 'polkit'];

/**
 * The spec file of the package, whose files have been laid out already.
 * @param scripts the text of each scriptlet, by its name in the spec
 */
export function specFile(
  { version, maintainer, date, lib }: Identity,
  scripts: Readonly<Record<string, string>>,
): string {
  const scriptlets = Object.entries(scripts).map(([name, text]) => `%${name}\n${text.replaceAll('%', '%%')}`);
  return `# The programs are made before: neither stripped nor compiled here, and the pinned Node is nobody else's library.
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global __provides_exclude_from ^/usr/lib/banger/.*$
%global _binary_payload w3.zstdio
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1

Name: banger
Version: ${version}
Release: 1
Summary: ${summary.charAt(0).toUpperCase()}${summary.slice(1)}
License: MIT
Group: Development/Tools
Packager: ${maintainer}
BuildArch: x86_64
${requires.map((name) => `Requires: ${name}`).join('\n')}
${recommends.map((name) => `Recommends: ${name}`).join('\n')}

%description
${description.join('\n')}

%install
mkdir -p %{buildroot}
cp -a %{_sourcedir}/root/. %{buildroot}/

%files
%dir /usr/lib/banger
/${lib}
/usr/bin/banger
/usr/bin/bangerd
/usr/lib/systemd/user/bangerd.service
/usr/lib/systemd/user/bangerd.socket
/usr/lib/systemd/user/banger.slice
/usr/lib/systemd/user-preset/90-banger.preset
/usr/lib/systemd/system/banger-netd.service
/usr/libexec/banger-netd
/usr/libexec/banger-ssh-connect
%config(noreplace) /etc/ssh/ssh_config.d/banger.conf
%dir /etc/banger
%config(noreplace) /etc/banger/netd.toml
/usr/lib/sysusers.d/banger.conf
/usr/share/bash-completion/completions/banger
/usr/share/zsh/site-functions/_banger
/usr/share/fish/vendor_completions.d/banger.fish
/usr/share/dbus-1/interfaces/org.banger.*.xml
/usr/share/dbus-1/services/org.banger.Manager1.service
/usr/share/dbus-1/system-services/org.banger.Network1.service
/usr/share/dbus-1/system.d/org.banger.Network1.conf
/usr/share/polkit-1/actions/org.banger.network.policy
/usr/share/polkit-1/rules.d/50-banger.rules
%license /usr/share/licenses/banger
%doc /usr/share/doc/banger
/usr/share/man/man1/banger*.1.gz
/usr/share/man/man8/bangerd.8.gz
/usr/share/man/man8/banger-netd.8.gz

${scriptlets.join('\n')}
%changelog
* ${date} ${maintainer} - ${version}-1
- See CHANGELOG.md.
`;
}
