const endLength = 32 * 1024;
const longestLine = 2000;

/**
 * The lines of a stack without colours, each at most 2,000 characters. Of a stack over 64 KiB only
 * the first and the last 32 KiB are looked at: the throw is at one of the two ends.
 */
export function stackLines(stack: string): string[] {
  const lines = linesOf(stack.length <= 2 * endLength ? stack : bothEnds(stack));
  return lines.map((line) => (line.length > longestLine ? line.slice(0, longestLine) : line));
}

/** Without the line that is cut in two, whose halves would be read as other lines. */
function bothEnds(stack: string): string {
  const head = stack.slice(0, endLength);
  const tail = stack.slice(-endLength);
  return head.slice(0, head.lastIndexOf('\n') + 1) + tail.slice(tail.indexOf('\n') + 1);
}

function linesOf(text: string): string[] {
  const plain = text.includes('\u001b') ? withoutColours(text) : text;
  return plain.includes('\r') ? plain.split(/\r\n?|\n/) : plain.split('\n');
}

/** Takes terminal colours and other control sequences out of a text. */
export function withoutColours(text: string): string {
  const [first = '', ...rest] = text.split('\u001b');
  return first + rest.map((piece) => piece.replace(/^\[[\d;?]{0,40}[A-Za-z]/, '')).join('');
}
