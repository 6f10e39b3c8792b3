import { expect, test } from 'vitest';
import { createContainerCheck, isApart, isCarrier } from './peer-container.ts';

test.each([
  '/Applications/Docker.app/Contents/MacOS/com.docker.backend',
  '/Applications/Docker.app/Contents/Resources/bin/com.docker.vpnkit',
  '/opt/docker-desktop/bin/com.docker.backend',
  '/Applications/OrbStack.app/Contents/Frameworks/OrbStack Helper.app/Contents/MacOS/OrbStack Helper',
  '/opt/homebrew/bin/limactl',
  '/usr/bin/qemu-system-x86_64',
  '/usr/bin/slirp4netns',
])('%s connects for containers', (program) => {
  expect(isCarrier(program)).toBe(true);
});

test.each(['/usr/bin/curl', '/usr/bin/docker', '/usr/local/bin/node', '/home/docker/bin/python3'])(
  '%s connects for the user',
  (program) => {
    expect(isCarrier(program)).toBe(false);
  },
);

test.each([
  ['an engine on the same Linux', { OperatingSystem: 'Debian GNU/Linux 13' }, 'linux', false],
  ['Docker Desktop on Linux', { OperatingSystem: 'Docker Desktop' }, 'linux', true],
  ['rootless Docker', { SecurityOptions: ['name=seccomp', 'name=rootless'] }, 'linux', true],
  ['an engine with root', { SecurityOptions: ['name=seccomp,profile=builtin'] }, 'linux', false],
  ['any engine on macOS', { OperatingSystem: 'Ubuntu 26.04 LTS' }, 'darwin', true],
] as const)(
  '%s: whether a program here connects for its containers',
  (_what, info, platform, apart) => {
    expect(isApart(info, platform)).toBe(apart);
  },
);

test('with an engine on the same Linux no connection over loopback is that of a container', async () => {
  const end = { host: '127.0.0.1', port: 1 };
  expect(await createContainerCheck(false)({ client: end, server: end })).toBe(false);
});

test('with an engine apart, one that nobody can be found for may be that of a container', async () => {
  const end = { host: '127.0.0.1', port: 1 };
  expect(await createContainerCheck(true)({ client: end, server: end })).toBe(true);
});
