import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { ManifestFault } from './manifest-fault.ts';

const MAX_XML = 1024 * 1024;

/**
 * Attributes begin with `@`, text beside them is `#text`, namespaces are left out, all values are
 * text. Entities stay as written: what they stand for is never made. @throws ManifestFault
 */
export function parseXml(text: string): unknown {
  if (text.length > MAX_XML) throw new ManifestFault(`is larger than ${MAX_XML} characters`);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    removeNSPrefix: true,
  });
  try {
    const value: unknown = parser.parse(text);
    const verdict = XMLValidator.validate(text);
    if (verdict === true) return value;
    throw new ManifestFault(`is not valid XML: ${shortened(verdict.err.msg)}`, verdict.err.line);
  } catch (error) {
    if (error instanceof ManifestFault) throw error;
    throw new ManifestFault(
      `is not valid XML: ${shortened(error instanceof Error ? error.message : String(error))}`,
    );
  }
}

function shortened(message: string): string {
  return (message.split('\n', 1)[0] ?? '').slice(0, 120);
}
