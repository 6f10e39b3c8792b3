const patterns = [
  // Vim: whether it may write into a folder, and what it has not saved.
  /^4913$/,
  /\.(sw[a-z]|kate-swp)$/,
  // Emacs, and the copies that many keep.
  /^\.#/,
  /^#.*#$/,
  /~$/,
  // JetBrains, GNOME and LibreOffice save beside the file and rename.
  /___jb_(tmp|old|bak)___$/,
  /^\.goutputstream-/,
  /^\.~lock\..*#$/,
  // Left by NFS for a file that was deleted while open.
  /^\.nfs[\da-f]{8,}$/,
  /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini)$/,
];

/** Whether editors and file managers make files of this name (not a path) while one works. */
export function isTemporaryName(name: string): boolean {
  return patterns.some((pattern) => pattern.test(name));
}
