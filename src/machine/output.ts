/** The closed union of everything that leaves a machine. */

/**
 * What a guest asked of a disk. `id` counts up from 1 over all disks of a machine; the request
 * stays pending until an input of kind 'disk' completes it.
 */
export interface DiskRequest {
  readonly id: number;
  /** Virtio slot of the disk. */
  readonly disk: number;
  readonly op: 'read' | 'write' | 'flush';
  /** First 512-byte sector; 0 for a flush. */
  readonly sector: number;
  /** Number of sectors; 0 for a flush. */
  readonly sectors: number;
  /** The data of a write, copied out when the request was made (bounce buffer). */
  readonly data?: Uint8Array;
}

export type Output =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'disk'; readonly request: DiskRequest }
  /** `offset` is the number of console bytes before these, so that a sink can drop repetitions. */
  | { readonly kind: 'console'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'exit'; readonly status: number };
