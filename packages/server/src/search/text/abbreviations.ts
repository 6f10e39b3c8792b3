/** What programmers write short, first, and what they mean by it. */
const groups = `
auth authenticate authorize authentication authorization
db database
cfg conf config configuration
msg message
req request
res resp response
ctx context
err error
init initialize
del delete remove
rm remove
str string
num number
arg argument
param parameter
repo repository
dir directory folder
doc document documentation
env environment
exec execute
idx index
info information
len length
lib library
mem memory
pkg package
pwd password
passwd password
ref reference
sync synchronize
async asynchronous
temp temporary
tmp temporary
val value
addr address
attr attribute
buf buffer
btn button
calc calculate
char character
cmd command
col column
conn connection
coord coordinate
cpy copy
desc description
dest destination
dst destination
src source
elem element
eq equal
evt event
expr expression
fmt format
freq frequency
gen generate
hdr header
img image
impl implementation
iter iterator iterate
lang language
max maximum
min minimum
mgr manager
nav navigation
obj object
opt option
org organization
perf performance
pos position
prev previous
proc process
prod product production
prop property
pub public publish
qty quantity
rand random
rec record
reg register
sec security second
sel select
seq sequence
spec specification
srv server
stat statistic
sys system
tbl table
tok token
tx transaction
txn transaction
usr user
util utility
ver version
vec vector
win window
`;

/** Other ways in which the stem of a word is written in code, by that stem. */
export function abbreviationsOf(
  stemOf: (word: string) => string,
): ReadonlyMap<string, readonly string[]> {
  const others = new Map<string, Set<string>>();
  for (const line of groups.trim().split('\n')) {
    const [short = '', ...long] = [...new Set(line.split(' ').map(stemOf))];
    for (const word of long) {
      others.set(short, (others.get(short) ?? new Set()).add(word));
      others.set(word, (others.get(word) ?? new Set()).add(short));
    }
  }
  return new Map([...others].map(([word, set]) => [word, [...set]]));
}
