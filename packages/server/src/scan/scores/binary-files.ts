import { extname } from 'node:path/posix';
import type { ScanFacts } from './scan-facts.ts';

const extensions = new Set(
  [
    'png jpg jpeg gif bmp tif tiff webp avif ico icns psd heic xcf sketch fig blend fbx glb',
    'mp3 wav ogg flac m4a aac mp4 m4v mov avi mkv webm',
    'zip gz tgz bz2 xz 7z rar tar zst jar war ear whl gem nupkg deb rpm apk aab ipa dmg iso msi',
    'exe dll so dylib a lib bin o obj pdb wasm node class pyc',
    'pdf doc docx xls xlsx ppt pptx odt',
    'ttf otf woff woff2 eot',
    'db sqlite sqlite3 mdb parquet feather arrow npy npz pkl pickle h5 hdf5 joblib rds rdata',
    'onnx pt pth safetensors gguf tflite ckpt keras mlmodel',
  ]
    .join(' ')
    .split(' ')
    .map((extension) => `.${extension}`),
);

/**
 * What every clone downloads and cannot be compared line by line, by extension, as no file is read
 * for it. In a repository only what is tracked. What Git LFS keeps elsewhere is left out, where its
 * pattern is one of an extension.
 */
export function findBinaryFiles({
  files,
  texts,
  git,
}: ScanFacts): { path: string; size: number }[] {
  const elsewhere = new Set<string>();
  for (const line of (texts.get('.gitattributes') ?? '').split(/\r?\n/)) {
    const pattern = /^\*(\.\w+)\s.*\bfilter=lfs\b/.exec(line)?.[1];
    if (pattern) elsewhere.add(pattern.toLowerCase());
  }
  return files
    .filter(({ path, tracked }) => {
      const extension = extname(path).toLowerCase();
      const counts = git ? tracked === true : tracked !== false;
      return counts && extensions.has(extension) && !elsewhere.has(extension);
    })
    .map(({ path, size }) => ({ path, size }));
}
