/** Paths of a model inside an archive, such as `hands.task#hand_detector.tflite`. */

/** The path of a file on the disk, and the name of the model in it; undefined where the file itself is the model. */
interface ArchivePath {
  readonly archive: string;
  readonly entry: string | undefined;
}

/** Takes a path apart at its last `#`, if that stands behind the name of a `.task` or a `.zip`. */
export function archivePath(path: string): ArchivePath {
  const [, archive = path, entry] = /^(.*\.(?:task|zip))#([^#]+)$/i.exec(path) ?? [];
  return { archive, entry };
}
