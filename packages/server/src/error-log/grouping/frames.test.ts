import { expect, test } from 'vitest';
import { mostFrames } from './frame.ts';
import { traceOf } from './frames.ts';

/** The frames as `file:line function`, with a star before those of the app. */
function framesIn(stack: string): string[] {
  return (traceOf(stack)?.frames ?? []).map(
    (frame) => `${frame.inApp ? '*' : ''}${frame.file}:${frame.line} ${frame.function}`,
  );
}

const python = `Traceback (most recent call last):
  File "/srv/shop/app.py", line 5, in connect
    return {}[host]
           ~~^^^^^^
KeyError: 'db-1.internal'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/app.py", line 18, in <module>
    try: f()
         ^^^
  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode
    obj, end = self.raw_decode(s, idx=_w(s, 0).end())
  File "/srv/shop/app.py", line 7, in connect
    raise DatabaseUnavailable(f"cannot reach {host} on port 5432") from e
DatabaseUnavailable: cannot reach db-1.internal on port 5432`;

test('Python: what was not caught is read, the throw first', () => {
  expect(framesIn(python)).toEqual([
    '*/srv/shop/app.py:7 connect',
    '/usr/lib/python3.11/json/decoder.py:337 decode',
    '*/srv/shop/app.py:18 <module>',
  ]);
});

test('Python: a syntax error has the file it is in, which has no function', () => {
  const stack = `Traceback (most recent call last):
  File "/srv/shop/app.py", line 17, in load
    import broken
  File "/srv/shop/broken.py", line 1
    def f(:
          ^
SyntaxError: invalid syntax`;
  expect(framesIn(stack)[0]).toBe('*/srv/shop/broken.py:1 null');
});

const group = `  + Exception Group Traceback (most recent call last):
  |   File "/srv/shop/app.py", line 16, in run_all
  |     raise ExceptionGroup("several tasks failed", es)
  | ExceptionGroup: several tasks failed (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/app.py", line 5, in connect
    |     return {}[host]
    |            ~~^^^^^^
    | KeyError: 'db-1.internal'
    | 
    | The above exception was the direct cause of the following exception:
    | 
    | Traceback (most recent call last):
    |   File "/srv/shop/app.py", line 7, in connect
    |     raise DatabaseUnavailable(f"cannot reach {host} on port 5432") from e
    | DatabaseUnavailable: cannot reach db-1.internal on port 5432
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/other.py", line 13, in <lambda>
    |     for f in (load, lambda: json.loads("{x")):
    | json.decoder.JSONDecodeError: Expecting property name
    +------------------------------------
`;

test('Python: of a group the first error inside is read', () => {
  expect(framesIn(group)).toEqual(['*/srv/shop/app.py:7 connect']);
  expect(traceOf(group)?.cause).toEqual({
    type: 'DatabaseUnavailable',
    message: 'cannot reach db-1.internal on port 5432',
  });
});

test('Python: an error thrown while a group was handled is read instead of the group', () => {
  expect(framesIn(`${group}\nDuring handling of the above exception:\n\n${python}`)[0]).toBe(
    '*/srv/shop/app.py:7 connect',
  );
  expect(traceOf(`${group}\n${python}`)?.cause).toBeNull();
});

test('V8: async calls, constructors, eval, built-in functions, and what Node.js itself does', () => {
  const stack = `TypeError: Cannot read properties of null (reading 'foo')
    at each (file:///srv/shop/b.mjs:7:63)
    at Array.forEach (<anonymous>)
    at Timeout.tick [as _onTimeout] (file:///srv/shop/b.mjs:7:33)
    at new Pool (/srv/shop/node_modules/pg/lib/pool.js:3:1)
    at eval (eval at <anonymous> (file:///srv/shop/a.mjs:6:63), <anonymous>:1:6)
    at async Promise.all (index 0)
    at async load (webpack-internal:///(rsc)/./src/app.js?abcd:2:11)
    at async C:\\apps\\shop\\main.js:2:11
    at listOnTimeout (node:internal/timers:685:17) {
  [cause]: Error: bad port
      at elsewhere (file:///srv/shop/c.mjs:1:1)
}`;
  expect(framesIn(stack)).toEqual([
    '*file:///srv/shop/b.mjs:7 each',
    'null:null Array.forEach',
    '*file:///srv/shop/b.mjs:7 Timeout.tick [as _onTimeout]',
    '/srv/shop/node_modules/pg/lib/pool.js:3 new Pool',
    '*file:///srv/shop/a.mjs:6 eval',
    'null:null Promise.all',
    '*webpack-internal:///(rsc)/./src/app.js?abcd:2 load',
    '*C:\\apps\\shop\\main.js:2 null',
    'node:internal/timers:685 listOnTimeout',
  ]);
});

test('V8: the frames of the cause are read when the error itself has none', () => {
  const stack = `[TypeError: fetch failed] {
  [cause]: Error: bad port
      at fetch (node:internal/deps/undici/undici:14031:20)
      at load (file:///srv/shop/b.mjs:1:13)
}`;
  expect(framesIn(stack)[1]).toBe('*file:///srv/shop/b.mjs:1 load');
});

test('what this Node.js makes of an error is read', async () => {
  async function failingCall(): Promise<void> {
    await null;
    throw new Error('made here');
  }
  const error = await failingCall().catch((thrown: Error) => thrown);
  expect(framesIn(error?.stack ?? '')[0]).toMatch(/^\*.*frames\.test\.ts:\d+ failingCall$/);
});

test('Firefox and Safari: name@place, with and without a name', () => {
  const stack = `load@https://cdn.example.com/assets/main.3f2a9c1b.js?x=1:10:15
map@[native code]
@https://cdn.example.com/node_modules/@scope/boot.js:1:1
run@https://cdn.example.com/a.js line 3 > eval:1:1`;
  expect(framesIn(stack)).toEqual([
    '*https://cdn.example.com/assets/main.3f2a9c1b.js?x=1:10 load',
    'null:null map',
    'https://cdn.example.com/node_modules/@scope/boot.js:1 null',
    '*https://cdn.example.com/a.js:1 run',
  ]);
});

test('Java: the deepest cause is read, with the frames that were not printed again', () => {
  const stack = `Exception in thread "main" java.lang.RuntimeException: request failed
\tat com.shop.Main.handle(Main.java:5)
\tat com.shop.Main.lambda$main$0(Main.java:6)
\tat java.base/java.lang.Iterable.forEach(Iterable.java:75)
\tat com.shop.Main.main(Main.java:6)
\tSuppressed: java.lang.Exception: supp
\t\tat com.shop.Other.close(Other.java:1)
\t\t... 1 more
Caused by: java.lang.IllegalStateException: no row for a
\tat com.shop.Main$Repo.find(Main.java:4)
\t... 4 more
Caused by: java.lang.NullPointerException: Cannot invoke "String.trim()"
\t... 5 more`;
  expect(framesIn(stack)).toEqual([
    '*Main.java:4 com.shop.Main$Repo.find',
    '*Main.java:5 com.shop.Main.handle',
    '*Main.java:6 com.shop.Main.lambda$main$0',
    'Iterable.java:75 java.lang.Iterable.forEach',
    '*Main.java:6 com.shop.Main.main',
  ]);
  expect(traceOf(stack)?.cause).toEqual({
    type: 'java.lang.NullPointerException',
    message: 'Cannot invoke "String.trim()"',
  });
});

test('Java: is not taken for .NET, however little of it belongs to the cause', () => {
  const calls = Array.from({ length: 30 }, (_, at) => `\tat com.shop.A.f(A.java:${at})`);
  const stack = `X: y\n${calls.join('\n')}\nCaused by: com.shop.Z: z\n\tat com.shop.B.g(B.java:3)`;
  expect(framesIn(stack)).toEqual(['*B.java:3 com.shop.B.g']);
});

test('Kotlin and Scala are read as Java is, and what was made at run time is not the app', () => {
  const stack = `java.lang.IllegalStateException: x
\tat com.shop.OrdersKt.total(Orders.kt:12)
\tat com.shop.Cart$.$anonfun$sum$1(Cart.scala:7)
\tat app//com.shop.K.run(K.java:5)
\tat com.shop.$Proxy12.go(Unknown Source)
\tat kotlinx.coroutines.DispatchedTask.run(DispatchedTask.kt:108) ~[kotlinx.jar:1.7]`;
  expect(framesIn(stack)).toEqual([
    '*Orders.kt:12 com.shop.OrdersKt.total',
    '*Cart.scala:7 com.shop.Cart$.$anonfun$sum$1',
    '*K.java:5 com.shop.K.run',
    'null:null com.shop.$Proxy12.go',
    'DispatchedTask.kt:108 kotlinx.coroutines.DispatchedTask.run',
  ]);
});

test('Go: what handles the panic is left out, and so are other goroutines', () => {
  const stack = `2026/11/24 11:46:37 http: panic serving 127.0.0.1:41820: runtime error
goroutine 9 [running]:
main.recoverer.func1()
\t/srv/shop/recoverer.go:9 +0xbd
panic({0x6f6ca0?, 0x9fbc50?})
\t/usr/local/go/src/runtime/panic.go:860 +0x13a
main.(*Store).Put(...)
\t/srv/shop/store.go:4
main.Map[...]({0x38d8b0f47ad8?, 0x1, 0x1}, 0x38d8b0f47ae0)
\t/srv/shop/main.go:3 +0x37
github.com/gin-gonic/gin.(*Context).Next(0xc000)
\t/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go:174 +0x2b
net/http.HandlerFunc.ServeHTTP(0x4804f9?, {0x77a668?, 0x38d8b0f56000?}, 0x38d8b0f47b30?)
\t/usr/local/go/src/net/http/server.go:2286 +0x29
created by net/http.(*Server).Serve in goroutine 7
\t/usr/local/go/src/net/http/server.go:3464 +0x485

goroutine 1 [chan receive]:
main.main()
\t/srv/shop/other.go:6 +0x99`;
  expect(framesIn(stack)).toEqual([
    '*/srv/shop/store.go:4 main.(*Store).Put',
    '*/srv/shop/main.go:3 main.Map[...]',
    '/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go:174 github.com/gin-gonic/gin.(*Context).Next',
    '/usr/local/go/src/net/http/server.go:2286 net/http.HandlerFunc.ServeHTTP',
  ]);
});

test('Go: paths without their folders are known to be the standard library by their package', () => {
  const stack = `panic: x\n\ngoroutine 1 [running]:
example.com/shop/h.handler(0x1)
\texample.com/shop/h/main.go:4 +0x4a
net/http.serverHandler.ServeHTTP({0x1?})
\tnet/http/server.go:3311 +0x8e`;
  expect(framesIn(stack)).toEqual([
    '*example.com/shop/h/main.go:4 example.com/shop/h.handler',
    'net/http/server.go:3311 net/http.serverHandler.ServeHTTP',
  ]);
});

test('Ruby: the quotes of all versions, gems, and the order of Ruby 2.5', () => {
  const stack = `app/models/order.rb:12:in 'Order#total': undefined method '+' for nil (NoMethodError)
\tfrom /usr/local/bundle/gems/rack-2.2.4/lib/rack.rb:88:in 'each'
\tfrom app/controllers/orders_controller.rb:8:in \`block in show'
\tfrom <internal:kernel>:187:in 'loop'`;
  const frames = [
    '*app/models/order.rb:12 Order#total',
    '/usr/local/bundle/gems/rack-2.2.4/lib/rack.rb:88 each',
    '*app/controllers/orders_controller.rb:8 block in show',
    '<internal:kernel>:187 loop',
  ];
  expect(framesIn(stack)).toEqual(frames);
  const turned = `Traceback (most recent call last):
\t1: from app/b.rb:8:in \`show'
app/a.rb:12:in \`total': boom (RuntimeError)`;
  expect(framesIn(turned)).toEqual(['*app/a.rb:12 total', '*app/b.rb:8 show']);
});

const php = `PHP Fatal error:  Uncaught RuntimeException: No row for 12 in /var/www/shop/src/Store.php:31
Stack trace:
#0 /var/www/shop/src/Orders.php(12): App\\Store->find(12, 'abc')
#1 [internal function]: App\\Orders->App\\{closure}(1)
#2 /var/www/shop/vendor/laravel/framework/src/Pipeline.php(180): array_map(Object(Closure), Array)
#3 /var/www/shop/public/index.php(55): Illuminate\\Kernel->handle(Object(Request))
#4 {main}
  thrown in /var/www/shop/src/Store.php on line 31`;

test('PHP: a function is in the file of the line above it, the first where it was thrown', () => {
  expect(framesIn(php)).toEqual([
    '*/var/www/shop/src/Store.php:31 App\\Store->find',
    '*/var/www/shop/src/Orders.php:12 App\\Orders->App\\{closure}',
    'null:null array_map',
    '/var/www/shop/vendor/laravel/framework/src/Pipeline.php:180 Illuminate\\Kernel->handle',
    '*/var/www/shop/public/index.php:55 {main}',
  ]);
});

test('PHP: of errors in a chain the one that was not caught is read', () => {
  const chain = `${php.split('\n  thrown')[0]}

Next LogicException: Failed in /var/www/shop/src/Api.php:7
Stack trace:
#0 /var/www/shop/public/index.php(55): App\\Api->show()
#1 {main}`;
  expect(framesIn(chain)).toEqual([
    '*/var/www/shop/src/Api.php:7 App\\Api->show',
    '*/var/www/shop/public/index.php:55 {main}',
  ]);
});

test('.NET: the innermost error is read, async methods and lambdas too', () => {
  const stack = `System.AggregateException: One or more errors occurred.
 ---> System.InvalidOperationException: Could not load order 42
 ---> System.Collections.Generic.KeyNotFoundException: The given key '42' was not present.
   at System.Collections.Generic.Dictionary\`2.get_Item(TKey key)
   at Shop.Orders.OrderStore.<LoadAsync>d__5.MoveNext() in /src/Shop/Orders/OrderStore.cs:line 31
   at Shop.Orders.Sums.Map[T](List\`1 x)
   --- End of inner exception stack trace ---
   at Shop.Orders.OrderController.Get(Int32 id) in /src/Shop/OrderController.cs:line 17`;
  expect(framesIn(stack)).toEqual([
    'null:null System.Collections.Generic.Dictionary`2.get_Item',
    '*/src/Shop/Orders/OrderStore.cs:31 Shop.Orders.OrderStore.<LoadAsync>d__5.MoveNext',
    '*null:null Shop.Orders.Sums.Map[T]',
  ]);
  expect(traceOf(stack)?.cause).toEqual({
    type: 'System.Collections.Generic.KeyNotFoundException',
    message: "The given key '42' was not present.",
  });
});

const panic = `thread 'main' (8144) panicked at src/main.rs:2:48:
index out of bounds: the len is 1 but the index is 3
`;

test('Rust: the numbered backtrace, or else the place of the panic', () => {
  const stack = `${panic}stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   1: <usize as core::slice::index::SliceIndex<[T]>>::index
   2:     0x560156fd1a1a - main::Store::get::h3e7b113326c86f0b
             at ./src/main.rs:2:48
   3: main::main::{{closure}}
             at ./src/main.rs:4:59
   4: core::ops::function::FnOnce::call_once
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/ops/function.rs:250:5
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`;
  expect(framesIn(stack).filter((frame) => frame.startsWith('*'))).toEqual([
    '*./src/main.rs:2 main::Store::get::h3e7b113326c86f0b',
    '*./src/main.rs:4 main::main::{{closure}}',
  ]);
  expect(framesIn(stack)).toHaveLength(5);
  expect(framesIn(panic)).toEqual(['*src/main.rs:2 null']);
  expect(framesIn("thread 'a' panicked at 'boom: x', src/b.rs:4:5")).toEqual(['*src/b.rs:4 null']);
});

test('Rust: the numbered reasons of an error are no frames', () => {
  expect(traceOf('Error: x\n\nCaused by:\n    0: connection refused\n    1: no route')).toBeNull();
});

test('colours, any line ends, and what a log puts before each line make no difference', () => {
  const plain = framesIn(python);
  const coloured = python.replace(/File "[^"]*"/g, '\u001b[35m$&\u001b[0m');
  expect(framesIn(coloured)).toEqual(plain);
  expect(framesIn(python.replaceAll('\n', '\r\n'))).toEqual(plain);
  let line = 0;
  const mixed = python.replaceAll('\n', () => ['\r\n', '\n', '\r'][line++ % 3] as string);
  expect(framesIn(mixed)).toEqual(plain);
  expect(framesIn(python.replace(/^/gm, '2026-11-24T10:00:00Z web-1 ERROR '))).toEqual(plain);
  const java = 'X: y\n\tat com.shop.A.f(A.java:1)\n\tat com.shop.A.g(A.java:2)';
  expect(framesIn(java.replace(/^/gm, 'web-1  | '))).toEqual(framesIn(java));
});

test('of a very long stack both ends are looked at, and no more frames than the limit', () => {
  const call = (at: number) => `    at f${at} (/srv/shop/a.js:${at}:1)`;
  const many = Array.from({ length: 5000 }, (_, at) => call(at));
  expect(framesIn(`Error: x\n${many.join('\n')}`)).toHaveLength(mostFrames);
  const filler = 'nothing here\n'.repeat(100_000);
  expect(framesIn(`${filler}${call(1)}`)).toEqual(['*/srv/shop/a.js:1 f1']);
  expect(framesIn(`${call(1)}\n${filler}`)).toEqual(['*/srv/shop/a.js:1 f1']);
  expect(traceOf(`${filler}${call(1)}\n${filler}`)).toBeNull();
});

test('text that is no trace has no frames', () => {
  for (const text of ['', 'it broke at noon (twice)', 'mail me@example.com:25', 'a\nb\nc']) {
    expect(traceOf(text)).toBeNull();
  }
});
