const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

/** What a VM may be asked to be, by a request and by the configuration alike. Bytes. */
export const vmLimits = {
  vcpus: { least: 1, most: 64 },
  memoryBytes: { least: 256 * MiB, most: 1024 * GiB },
  diskBytes: { least: 64 * MiB, most: 16 * 1024 * GiB },
} as const;
