import { expect, test } from 'vitest';
import type { InstanceSpec } from '../../deployments/runtime.ts';
import { containerRequest, portOf } from './container-request.ts';

const spec: InstanceSpec = {
  deploymentId: 7,
  revision: 3,
  generation: 5,
  name: 'borgos-shop-web-7-r3-g5',
  artifact: 'borgos/borgos-shop-web-7-r3',
  recipe: {
    stack: 'node',
    foundBy: 'package.json',
    dockerfile: null,
    version: null,
    manifests: [],
    install: [],
    build: [],
    start: ['npm', 'start'],
    environment: {},
    port: 3000,
    extraFiles: [],
    notes: [],
  },
  environment: { NODE_ENV: 'production', A: '1' },
  cpus: 0.5,
  memory: 512 * 1024 ** 2,
  volumes: [],
  logFile: '/home/borgos/deployments/7/app.log',
};

function request(changes: Partial<InstanceSpec> = {}, hostPort = 20_001, port = 3000) {
  return containerRequest({
    instance: 'ab12',
    spec: { ...spec, ...changes },
    port,
    hostPort,
    network: 'borgos-ab12',
  });
}

test('an instance is asked for with its limits, its labels and nothing of the host', () => {
  expect(request()).toEqual({
    name: 'borgos-shop-web-7-r3-g5',
    body: {
      Image: 'borgos/borgos-shop-web-7-r3',
      Cmd: ['npm', 'start'],
      Env: ['A=1', 'HOST=0.0.0.0', 'HOSTNAME=0.0.0.0', 'NODE_ENV=production', 'PORT=3000'],
      ExposedPorts: { '3000/tcp': {} },
      Labels: {
        'borgos.managed': 'true',
        'borgos.instance': 'ab12',
        'borgos.deployment': '7',
        'borgos.revision': '3',
        'borgos.generation': '5',
        'borgos.port': '3000',
        'borgos.host-port': '20001',
        'borgos.log-file': '/home/borgos/deployments/7/app.log',
        'borgos.spec-hash': expect.stringMatching(/^[0-9a-f]{16}$/),
      },
      HostConfig: {
        Init: true,
        RestartPolicy: { Name: 'unless-stopped' },
        NanoCpus: 500_000_000,
        Memory: 536_870_912,
        MemorySwap: 536_870_912,
        PidsLimit: 4096,
        LogConfig: { Type: 'json-file', Config: { 'max-size': '64m', 'max-file': '2' } },
        CapDrop: ['MKNOD', 'NET_RAW', 'SETFCAP'],
        SecurityOpt: ['no-new-privileges'],
        NetworkMode: 'borgos-ab12',
        PortBindings: { '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: '20001' }] },
      },
    },
  });
});

test('without limits none are asked for', () => {
  const { HostConfig: host } = request({ cpus: null, memory: null }).body;
  expect(host).not.toHaveProperty('NanoCpus');
  expect(host).not.toHaveProperty('Memory');
  expect(host).not.toHaveProperty('MemorySwap');
});

test('a volume is one of BorgOS, never a folder of the machine, and its app is told where it is', () => {
  const volume = {
    name: 'user-data',
    madeFor: 7,
    engineName: 'borgos-shop-web-ab12-7-v-user-data',
  };
  const { body } = request({ volumes: [{ ...volume, path: '/data' }] });
  expect(body.Env).toContain('BORGOS_VOLUME_USER_DATA=/data');
  expect(body.HostConfig).not.toHaveProperty('Binds');
  expect(body.HostConfig?.Mounts).toEqual([
    {
      Type: 'volume',
      Source: 'borgos-shop-web-ab12-7-v-user-data',
      Target: '/data',
      VolumeOptions: {
        NoCopy: false,
        Labels: {
          'borgos.managed': 'true',
          'borgos.instance': 'ab12',
          'borgos.deployment': '7',
          'borgos.volume': 'user-data',
        },
        DriverConfig: { Name: 'local', Options: {} },
      },
    },
  ]);
});

test('the hash tells two specs apart, and is the same for the same one', () => {
  const hashOf = (changes: Partial<InstanceSpec>) =>
    request(changes).body.Labels?.['borgos.spec-hash'];
  const reordered = { A: '1', NODE_ENV: 'production' };
  expect(hashOf({ environment: reordered })).toBe(hashOf({}));
  expect(request({}, 20_002).body.Labels?.['borgos.spec-hash']).toBe(hashOf({}));
  const changed = [{ memory: null }, { environment: { A: '2' } }, { artifact: 'x' }, { cpus: 1 }];
  expect(new Set([{}, ...changed].map(hashOf)).size).toBe(5);
});

test('the port is the only one that the image exposes, else that of the recipe', () => {
  expect(portOf(3000, undefined)).toBe(3000);
  expect(portOf(3000, { '80/tcp': {} })).toBe(80);
  expect(portOf(3000, { '80/tcp': {}, '53/udp': {} })).toBe(80);
  expect(portOf(443, { '80/tcp': {}, '443/tcp': {} })).toBe(443);
});
