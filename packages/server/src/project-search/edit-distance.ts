/**
 * How many letters have to be added, left out, changed, or exchanged with the one beside them, to
 * make one word of the other. @returns `undefined` for more than `most`
 */
export function editDistance(from: string, to: string, most: number): number | undefined {
  if (Math.abs(from.length - to.length) > most) return undefined;
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line += 1) {
    const row = [line];
    let least = line;
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[line - 1] === to[column - 1];
      let distance = Math.min(
        (above[column - 1] ?? 0) + (same ? 0 : 1),
        (above[column] ?? 0) + 1,
        (row[column - 1] ?? 0) + 1,
      );
      const isExchange =
        column > 1 && from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1];
      if (isExchange && line > 1) distance = Math.min(distance, (before[column - 2] ?? 0) + 1);
      row.push(distance);
      if (distance < least) least = distance;
    }
    if (least > most) return undefined;
    before = above;
    above = row;
  }
  const distance = above[to.length] ?? 0;
  return distance <= most ? distance : undefined;
}
