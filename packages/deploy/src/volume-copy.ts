/** What a volume holds, in numbers: enough to plan a copy, and to hold a copy against. */
export interface VolumeTally {
  readonly files: number
  /** The sizes of its files. */
  readonly bytes: number
  /** What it takes up on the disk: less where files have holes. */
  readonly stored: number
  /** A sum over names, kinds, modes, owners, sizes, times, links and attributes; in the words of the driver. */
  readonly tree: string
  /** A sum over the bytes; null where the storage shared blocks instead of copying bytes. */
  readonly content: string | null
}

/** What a volume takes up, and what is left beside it. */
export interface VolumeUsage {
  /** Its target name. */
  readonly volume: string
  readonly bytes: number
  readonly stored: number
  /** Bytes that are left where the target keeps it, for a copy. */
  readonly free: number
  /** Whether a copy takes up nothing, since the storage shares blocks. */
  readonly clones: boolean
}

/** A copy of one volume into another. */
export interface VolumeCopy {
  readonly installation: string
  /** Whom the volume belongs to. */
  readonly component: string
  /** Target name of the volume to read. */
  readonly from: string
  /** Target name of the volume to make; what an earlier try left under it is thrown away. */
  readonly to: string
  /** Told how many bytes were copied so far. */
  readonly progress?: (bytes: number) => void
  /** Ends the copy; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A copy back out of a snapshot. */
export interface VolumeRestore extends VolumeCopy {
  /** What the snapshot had when it was taken. */
  readonly tally: VolumeTally
}
