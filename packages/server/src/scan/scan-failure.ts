/** Why a scan could not be done, for a person. */
export class ScanFailure extends Error {
  override name = 'ScanFailure';
}
