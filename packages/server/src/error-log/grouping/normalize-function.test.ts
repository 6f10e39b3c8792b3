import { expect, test } from 'vitest';
import { isTelling, normalizeFunction } from './normalize-function.ts';

test.each([
  ['connect', 'connect'],
  ['Order#total', 'Order#total'],
  ['__init__', '__init__'],
  ['Timeout.tick [as _onTimeout]', 'Timeout.tick'],
  ['com.shop.Main.lambda$main$12', 'com.shop.Main.lambda$main'],
  ['com.shop.Main$3.go', 'com.shop.Main$.go'],
  ['com.shop.Main$$Lambda$14/0x00007f0a.run', 'com.shop.Main$$Lambda$.run'],
  ['com.shop.Api$$EnhancerBySpringCGLIB$$3f2a9c1b.get', 'com.shop.Api$$EnhancerBySpringCGLIB.get'],
  ['main.Map[...]', 'main.Map'],
  ['main.main.func1.2', 'main.main.func'],
  ['main.(*Store).Put', 'main.(*Store).Put'],
  ['main::load::<i32>::h5a8ea1cf73e320b5', 'main::load'],
  ['main::main::{{closure}}', 'main::main::{closure}'],
  ['shop[e28293b1aa0f68bd]::run::{closure#1}', 'shop::run::{closure}'],
  ['<shop::Store<T> as core::ops::Index<I>>::index', '<shop::Store as core::ops::Index>::index'],
  ['Shop.Store.<LoadAsync>d__5.MoveNext', 'Shop.Store.LoadAsync'],
  ['Shop.Store.<>c__DisplayClass3_0.<Find>b__1', 'Shop.Store.Find'],
  ['Shop.Store.<>c.<<Find>b__3_0>d.MoveNext', 'Shop.Store.Find'],
  ['Shop.Store.<Load>g__Local|3_0', 'Shop.Store.Load.Local'],
  ['Shop.List`1.Map[T]', 'Shop.List.Map'],
  ['block (2 levels) in Order#total', 'Order#total'],
  ['_app_views_show_html_erb___2344390_70', '_app_views_show_html_erb'],
  ['App\\{closure:/var/www/a.php:12}', 'App\\{closure}'],
  ['Foo@anonymous\u0000/var/www/a.php:3$0->run', 'Foo@anonymous'],
  ['render/children</<', 'render/children<'],
])('%s is %s', (name, normalized) => {
  expect(normalizeFunction(name)).toBe(normalized);
});

test('what has no name is null, and names that all scripts have tell nothing', () => {
  for (const name of ['', ' ', '<anonymous>', 'Object.<anonymous>']) {
    expect(normalizeFunction(name)).toBeNull();
  }
  expect(['<module>', '<lambda>', '{main}', null].some(isTelling)).toBe(false);
  expect(isTelling('connect')).toBe(true);
});
