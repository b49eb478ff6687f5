/** The labels of a sample; the values may be any text. */
export type Labels = Readonly<Record<string, string>>;

/** Figures of one kind. A counter only grows; its name here has no `_total`. */
export interface Family {
  name: string;
  type: 'gauge' | 'counter';
  /** The last word of the name where the figure has a unit. */
  unit?: 'bytes' | 'seconds';
  help: string;
  samples: readonly (readonly [Labels, number])[];
}

export const contentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Figures in the text form of OpenMetrics 1.0 (RFC draft-richih-opsawg-openmetrics-00, 3.1). */
export function formatMetrics(families: readonly Family[]): string {
  return `${families.map(formatFamily).join('')}# EOF\n`;
}

function formatFamily({ name, type, unit, help, samples }: Family): string {
  const suffix = type === 'counter' ? '_total' : '';
  return [
    `# TYPE ${name} ${type}\n`,
    unit ? `# UNIT ${name} ${unit}\n` : '',
    `# HELP ${name} ${escapeText(help)}\n`,
    ...samples.map(([labels, value]) => `${name}${suffix}${formatLabels(labels)} ${value}\n`),
  ].join('');
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeText(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
