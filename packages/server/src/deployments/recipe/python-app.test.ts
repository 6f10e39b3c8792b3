import { describe, expect, it } from 'vitest';
import { findAppObject } from './python-server.ts';
import { versionOfRange } from './python-version.ts';
import { recipeOf } from './temporary-project.ts';

const python = '.borgos/venv/bin/python';
const gunicorn = [python, '-m', 'gunicorn', '--bind', '{HOST}:{PORT}', '--threads', '4'];
const uvicorn = [python, '-m', 'uvicorn', '--host', '{HOST}', '--port', '{PORT}'];
const venv = ['python3', '-m', 'venv', '.borgos/venv'];
const pip = [python, '-m', 'pip', 'install'];

describe('a Python app', () => {
  it('of the standard library alone is run as it is', async () => {
    for (const file of ['main.py', 'app.py', 'anything.py']) {
      expect(await recipeOf({ [file]: 'import http.server' })).toMatchObject({
        stack: 'python',
        foundBy: file,
        install: [],
        start: ['python3', file],
        environment: { PYTHONUNBUFFERED: '1' },
        port: 8000,
      });
    }
  });

  it('in Flask is installed and served by gunicorn, which is added', async () => {
    const recipe = await recipeOf({
      'requirements.txt': 'Flask==3.0\n',
      'main.py': 'from flask import Flask\n\nweb = Flask(__name__)\n',
    });
    expect(recipe).toMatchObject({
      foundBy: 'requirements.txt',
      manifests: ['requirements.txt'],
      install: [venv, [...pip, '--requirement', 'requirements.txt', 'gunicorn']],
      start: [...gunicorn, 'main:web'],
    });
  });

  it('in FastAPI is served by uvicorn, from wherever its app is', async () => {
    const source = 'import fastapi\napp: fastapi.FastAPI = fastapi.FastAPI(title="x")\n';
    const start = async (file: string, text = source) =>
      (await recipeOf({ 'requirements.txt': 'fastapi\nuvicorn[standard]', [file]: text })).start;
    expect(await start('app/main.py')).toEqual([...uvicorn, 'app.main:app']);
    expect(await start('src/main.py')).toEqual([...uvicorn, '--app-dir', 'src', 'main:app']);
    expect(await start('src/main.py', `from src.x import y\n${source}`)).toEqual([
      ...uvicorn,
      'src.main:app',
    ]);
    expect(await start('shop/__init__.py')).toEqual([...uvicorn, 'shop:app']);
    expect(await start('odd_name.py')).toEqual([...uvicorn, 'odd_name:app']);
  });

  it('with a function that makes the app is served by that', async () => {
    const source = (kind: string) => `def create_app():\n    return ${kind}(__name__)\n`;
    const start = async (kind: string) =>
      (await recipeOf({ 'requirements.txt': 'x', 'app.py': source(kind) })).start;
    expect(await start('Flask')).toEqual([...gunicorn, 'app:create_app()']);
    expect(await start('FastAPI')).toEqual([...uvicorn, '--factory', 'app:create_app']);
  });

  it('in Django is served by its wsgi, with static files collected where that can work', async () => {
    const settings = 'SECRET_KEY = "x"\nSTATIC_ROOT = BASE_DIR / "static"\n';
    const project = (text: string) => ({
      'manage.py':
        "import django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
      'shop/wsgi.py': '',
      'shop/settings.py': text,
      'requirements.txt': 'Django>=5\ngunicorn\n',
    });
    const recipe = await recipeOf(project(settings));
    expect(recipe.start).toEqual([...gunicorn, 'shop.wsgi']);
    expect(recipe.install.at(-1)).toEqual([...pip, '--requirement', 'requirements.txt']);
    expect(recipe.build).toEqual([[python, 'manage.py', 'collectstatic', '--noinput']]);
    const needsSecret = `${settings}KEY = os.environ["KEY"]\n`;
    expect((await recipeOf(project(needsSecret))).build).toEqual([]);
  });

  it('without a web framework is run by its main file, package or command', async () => {
    const start = async (files: Record<string, string>) =>
      (await recipeOf({ 'requirements.txt': 'requests', ...files })).start;
    expect(await start({ 'bot.py': '' })).toEqual([python, 'bot.py']);
    expect(await start({ 'src/main.py': '' })).toEqual([python, 'src/main.py']);
    expect(await start({ 'tool/__main__.py': '' })).toEqual([python, 'tool']);
    const command = await recipeOf({
      'pyproject.toml':
        '[project]\nname = "x"\ndependencies = ["a"]\n[project.scripts]\nserve = "x:main"\n[build-system]\n',
    });
    expect(command.start).toEqual(['.borgos/venv/bin/serve']);
    expect(command.install.at(-1)).toEqual([...pip, '.']);
    expect(command.manifests).toEqual([]);
  });

  it('in Streamlit is started by that', async () => {
    const recipe = await recipeOf({
      'requirements.txt': 'streamlit',
      'app.py': 'import streamlit as st',
    });
    expect(recipe.start).toEqual(expect.arrayContaining(['streamlit', 'app.py', '{PORT}']));
  });

  describe('is installed', () => {
    const installOf = async (files: Record<string, string | object>) =>
      (await recipeOf({ 'main.py': '', ...files })).install;

    it('from the list in pyproject.toml', async () => {
      const toml =
        '[project]\nname = "x"\ndependencies = ["flask>=3 ; python_version > \'3\'", "--evil"]';
      expect(await installOf({ 'pyproject.toml': toml })).toEqual([
        venv,
        [...pip, "flask>=3 ; python_version > '3'"],
      ]);
    });

    it('from the lockfile of uv', async () => {
      const recipe = await recipeOf({
        'main.py': '',
        'pyproject.toml': '[project]\nname = "x"\ndependencies = ["a"]',
        'uv.lock': '',
      });
      expect(recipe.manifests).toEqual(['pyproject.toml', 'uv.lock']);
      expect(recipe.install[2]).toEqual(expect.arrayContaining(['uv', 'export', '--frozen']));
    });

    it('from the lockfile of Poetry, which is locked first without one', async () => {
      const toml = '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3"\n';
      const locked = await installOf({ 'pyproject.toml': toml, 'poetry.lock': '' });
      expect(locked.flat()).toContain('export');
      expect(locked.flat()).not.toContain('lock');
      expect((await installOf({ 'pyproject.toml': toml })).flat()).toContain('lock');
    });

    it('at the versions of pdm.lock, without PDM', async () => {
      const recipe = await recipeOf({
        'main.py': '',
        'pyproject.toml': '[project]\nname = "x"\ndependencies = ["flask"]',
        'pdm.lock':
          '[[package]]\nname = "flask"\nversion = "3.0.1"\n\n[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "a"\nversion = "2"\n',
      });
      expect(recipe.install.at(-1)).toEqual([
        ...pip,
        '--constraint',
        '.borgos/constraints.txt',
        'flask',
      ]);
      expect(recipe.extraFiles).toEqual([
        { path: '.borgos/constraints.txt', content: 'flask==3.0.1' },
      ]);
    });

    it('from a Pipfile, or its lockfile', async () => {
      const pipfile =
        '[packages]\nflask = "*"\nred = {version = ">=1", extras = ["x"]}\ngit = {git = "https://h/r", ref = "main"}\n';
      expect(await installOf({ Pipfile: pipfile })).toEqual([
        venv,
        [...pip, 'flask', 'red[x]>=1', 'git @ git+https://h/r@main'],
      ]);
      const lock = { default: { flask: { version: '==3.0', markers: "python_version >= '3.8'" } } };
      expect(await installOf({ Pipfile: pipfile, 'Pipfile.lock': lock })).toEqual([
        venv,
        [...pip, "flask==3.0 ; python_version >= '3.8'"],
      ]);
    });

    it('with the sources at hand when requirements name other files', async () => {
      for (const line of ['-r base.txt', '-e .', './lib', '-c limits.txt']) {
        const recipe = await recipeOf({ 'main.py': '', 'requirements.txt': `${line}\n` });
        expect(recipe.manifests).toEqual([]);
        expect(recipe.install.length).toBe(2);
      }
    });

    it('with servers apart when requirements have hashes', async () => {
      const install = await installOf({
        'main.py': 'app = Flask(__name__)',
        'requirements.txt': 'flask==3 --hash=sha256:00\n',
      });
      expect(install).toEqual([
        venv,
        [...pip, '--requirement', 'requirements.txt'],
        [...pip, 'gunicorn'],
      ]);
    });

    it('from requirements.txt when pyproject.toml only configures tools', async () => {
      const install = await installOf({ 'pyproject.toml': '[tool.ruff]', 'requirements.txt': 'a' });
      expect(install.at(-1)).toEqual([...pip, '--requirement', 'requirements.txt']);
    });
  });

  it.each([
    [{ '.python-version': '3.12.1\n' }, '3.12'],
    [{ 'runtime.txt': 'python-3.11.4' }, '3.11'],
    [{ '.tool-versions': 'python 3.10.2' }, '3.10'],
    [{ 'pyproject.toml': '[project]\nrequires-python = "~=3.11.2"' }, '3.11'],
    [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.9"' }, null],
    [{ Pipfile: '[requires]\npython_version = "3.9"' }, '3.9'],
    [{ '.python-version': 'pypy3.10' }, null],
  ])('asks for a version of Python: %j', async (files, version) => {
    expect((await recipeOf({ 'main.py': '', ...files })).version).toBe(version);
  });

  it.each([
    ['==3.11.*', '3.11'],
    ['>=3.9,<3.12', '3.11'],
    ['>=3.9,<=3.12', '3.12'],
    ['>=3.9,<4', null],
    ['^3.10', null],
    ['3.10.1', '3.10'],
    ['', null],
  ])('reads the specifier %j as %s', (range, version) => {
    expect(versionOfRange(range)).toBe(version);
  });

  it.each([
    ['app = Flask(__name__)', 'app', 'wsgi'],
    ['api = fastapi.FastAPI()', 'api', 'asgi'],
    ['class A:\n    app = Flask(__name__)', undefined, undefined],
    ['# app = Flask(__name__)', undefined, undefined],
    ['from x import build\nx = FastAPI\napp = build()', undefined, undefined],
    ['def create_app():\n  a = Flask(x)\n\napp = create_app()', 'app', 'wsgi'],
  ])('has its app found in the source: %j', (source, expression, kind) => {
    const found = findAppObject(source);
    expect(found?.expression).toBe(expression);
    expect(found?.kind).toBe(kind);
  });

  it('with a broken manifest is refused by line', async () => {
    await expect(recipeOf({ 'pyproject.toml': '[project]\nname = \n' })).rejects.toThrow(
      /pyproject.toml can't be used: line 2 is not valid TOML/,
    );
    await expect(recipeOf({ 'pyproject.toml': '[project]\ndependencies = 5' })).rejects.toThrow(
      /project.dependencies/,
    );
  });

  it('with a manifest and nothing to run says so', async () => {
    await expect(recipeOf({ 'requirements.txt': 'a' })).rejects.toThrow(
      /requirements.txt is there/,
    );
  });
});
