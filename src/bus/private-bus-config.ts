/**
 * The configuration of the private bus: one user, no activation but of bangerd. See dbus-daemon(1).
 * @param address where it listens, escaped as an address
 * @param serviceDirectory where the activation file of bangerd is
 */
export function formatBusConfig(address: string, serviceDirectory: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <!-- As a session bus, so that what it starts finds it in DBUS_SESSION_BUS_ADDRESS. -->
  <type>session</type>
  <listen>${escapeXml(address)}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>${escapeXml(serviceDirectory)}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <!-- bangerd watches the client of each ephemeral VM. -->
  <limit name="max_match_rules_per_connection">50000</limit>
  <limit name="max_replies_per_connection">50000</limit>
  <limit name="service_start_timeout">60000</limit>
</busconfig>
`;
}

/** An activation file; D-Bus specification, "Message Bus Starting Services". */
export function formatActivationFile(name: string, program: string): string {
  // First as a shell word, then as a value of a desktop file.
  const word = `'${program.replaceAll("'", `'\\''`)}'`;
  const value = word
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
  return `[D-BUS Service]\nName=${name}\nExec=${value}\n`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
