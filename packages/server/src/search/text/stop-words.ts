/** Words that say nothing of what code does: of English, and of programming languages. */
const words = `
a about also am an and are as at be because been being but by can could did do does doing either else etc few
for from further had has have having he her here hers him his how i if in is it its itself just let me more
most my nor now of or other our per she should so some such than that the their them then there these they
this those to too us very was we were what when where whether which while who whom whose why will with within
without would you your
bool boolean char const def elif endif false float fn func instanceof int let long nil none null private
protected public return self short signed sizeof static struct true typedef typeof undefined unsigned var void
`;

export const stopWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/));
