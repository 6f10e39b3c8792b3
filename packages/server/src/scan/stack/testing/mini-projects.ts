/** A project in few words, and what is to be found in it. */
export interface MiniProject {
  readonly is: string;
  /** By path; what is in a file matters only for manifests and a few others. */
  readonly files: Readonly<Record<string, unknown>>;
  /** `Python 100, HTML 20` */
  readonly languages: string;
  readonly stack: string;
  readonly type: string | null;
}

const pom = (...artifacts: string[]) =>
  `<project><artifactId>shop</artifactId><dependencies>${artifacts
    .map((name) => {
      const [group, artifact] = name.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId></dependency>`;
    })
    .join('')}</dependencies></project>`;

const npm = (dependencies: string, rest: object = {}) => ({
  name: 'shop',
  private: true,
  dependencies: Object.fromEntries(dependencies.split(' ').map((name) => [name, '1'])),
  ...rest,
});

export const miniProjects: readonly MiniProject[] = [
  {
    is: 'FastAPI with React and PostgreSQL',
    files: {
      'backend/requirements.txt': 'fastapi\nasyncpg\nsqlalchemy\n',
      'backend/main.py': 'app = FastAPI()',
      'frontend/package.json': npm('react react-dom', { devDependencies: { vite: '5' } }),
      'frontend/tsconfig.json': '{}',
      'docker-compose.yml': 'services: {db: {image: "postgres:16"}, cache: {image: redis}}',
    },
    languages: 'Python 900, TypeScript 600, CSS 100, JSON 5000',
    stack: 'python typescript fastapi react postgresql redis sqlalchemy vite docker',
    type: 'web',
  },
  {
    is: 'FastAPI alone',
    files: { 'requirements.txt': 'fastapi\nuvicorn\nnumpy\n', 'app/main.py': '' },
    languages: 'Python 300',
    stack: 'python fastapi numpy',
    type: 'api',
  },
  {
    is: 'Django with templates',
    files: {
      'manage.py': '',
      'requirements.txt': 'Django>=5\npsycopg[binary]\ncelery\n',
      'shop/settings.py': "ENGINE = 'django.db.backends.postgresql'",
      'shop/templates/shop/index.html': '',
    },
    languages: 'Python 500, HTML 300',
    stack: 'python django postgresql celery',
    type: 'web',
  },
  {
    is: 'Django REST, whose database its settings tell',
    files: {
      'manage.py': '',
      'pyproject.toml':
        '[project]\nname = "shop"\ndependencies = ["django", "djangorestframework"]\n',
      'shop/settings.py': "ENGINE = 'django.db.backends.sqlite3'",
    },
    languages: 'Python 500',
    stack: 'python django django-rest-framework sqlite',
    type: 'api',
  },
  {
    is: 'Flask with a Pipfile',
    files: { Pipfile: '[packages]\nflask = "*"\npymongo = "*"\n', 'app.py': '' },
    languages: 'Python 80',
    stack: 'python flask mongodb',
    type: 'api',
  },
  {
    is: 'Express in TypeScript',
    files: {
      'package.json': npm('express pg', {
        scripts: { start: 'node dist/server.js' },
        devDependencies: { typescript: '5', jest: '29' },
      }),
      'tsconfig.json': '{}',
      'src/server.ts': '',
    },
    languages: 'TypeScript 400, JavaScript 10',
    stack: 'typescript express postgresql nodejs jest',
    type: 'api',
  },
  {
    is: 'Express with views',
    files: { 'package.json': npm('express ejs'), 'views/index.ejs': '', 'app.js': '' },
    languages: 'JavaScript 400',
    stack: 'javascript express nodejs',
    type: 'web',
  },
  {
    is: 'NestJS with Prisma, whose schema tells the database',
    files: {
      'package.json': npm('@nestjs/core @prisma/client'),
      'prisma/schema.prisma': 'datasource db {\n  provider = "mysql"\n}',
      'src/main.ts': '',
    },
    languages: 'TypeScript 400',
    stack: 'typescript nestjs mysql prisma nodejs',
    type: 'api',
  },
  {
    is: 'Next.js with Tailwind',
    files: {
      'package.json': npm('next react react-dom', { devDependencies: { tailwindcss: '3' } }),
      'next.config.mjs': '',
      'app/page.tsx': '',
    },
    languages: 'TypeScript 400, CSS 30',
    stack: 'typescript nextjs react tailwind',
    type: 'web',
  },
  {
    is: 'Vue with Vite',
    files: {
      'package.json': npm('vue', { devDependencies: { vite: '5' } }),
      'vite.config.js': '',
      'src/App.vue': '',
      'index.html': '',
    },
    languages: 'Vue 400, JavaScript 50',
    stack: 'javascript vue vite',
    type: 'web',
  },
  {
    is: 'SvelteKit',
    files: { 'package.json': npm('x', { devDependencies: { '@sveltejs/kit': '2', svelte: '5' } }) },
    languages: 'Svelte 100, JavaScript 20',
    stack: 'javascript sveltekit svelte',
    type: 'web',
  },
  {
    is: 'Angular',
    files: { 'package.json': npm('@angular/core'), 'angular.json': '{}' },
    languages: 'TypeScript 900, HTML 200',
    stack: 'typescript angular',
    type: 'web',
  },
  {
    is: 'a library of React components',
    files: {
      'package.json': {
        name: '@acme/buttons',
        version: '1.0.0',
        exports: './dist/index.js',
        peerDependencies: { react: '>=17' },
      },
      'examples/shop/package.json': npm('next express mongodb'),
    },
    languages: 'TypeScript 300',
    stack: 'typescript react',
    type: 'library',
  },
  {
    is: 'a library that uses Express in its tests',
    files: {
      'package.json': {
        name: 'middleware',
        main: 'index.js',
        devDependencies: { express: '4', pg: '8' },
      },
      'test/server.js': 'createServer()',
      'index.js': '',
    },
    languages: 'JavaScript 100',
    stack: 'javascript',
    type: 'library',
  },
  {
    is: 'a command in Node.js',
    files: {
      'package.json': {
        name: '@acme/greet',
        bin: { greet: './cli.js' },
        dependencies: { commander: '12' },
      },
      'cli.js': '',
    },
    languages: 'JavaScript 100',
    stack: 'javascript commander',
    type: 'cli',
  },
  {
    is: 'a server in plain Node.js',
    files: {
      'package.json': npm('ws'),
      'server.mjs': "import http from 'node:http';\nhttp.createServer(() => {});",
    },
    languages: 'JavaScript 60',
    stack: 'javascript',
    type: 'api',
  },
  {
    is: 'React Native with Expo',
    files: { 'package.json': npm('expo react react-native'), 'App.tsx': '' },
    languages: 'TypeScript 300',
    stack: 'typescript react-native expo react',
    type: 'mobile',
  },
  {
    is: 'Flutter',
    files: {
      'pubspec.yaml': 'name: shop\npublish_to: none\ndependencies: {flutter: {sdk: flutter}}\n',
      'lib/main.dart': '',
      'android/app/build.gradle': 'plugins {\n  id "com.android.application"\n}\n',
      'ios/Runner.xcodeproj/project.pbxproj': '',
    },
    languages: 'Dart 900, Kotlin 10, Swift 12',
    stack: 'dart flutter android ios gradle',
    type: 'mobile',
  },
  {
    is: 'Android in Kotlin',
    files: {
      'settings.gradle.kts': 'include(":app")\n',
      'app/build.gradle.kts':
        'plugins {\n  id("com.android.application")\n}\ndependencies {\n  implementation("androidx.compose.ui:ui:1.6")\n}\n',
      'app/src/main/AndroidManifest.xml': '',
    },
    languages: 'Kotlin 700, XML 200',
    stack: 'kotlin android jetpack-compose gradle',
    type: 'mobile',
  },
  {
    is: 'an app for iOS',
    files: { 'Shop.xcodeproj/project.pbxproj': '', 'Shop/ShopApp.swift': '' },
    languages: 'Swift 300',
    stack: 'swift ios',
    type: 'mobile',
  },
  {
    is: 'Electron with React',
    files: {
      'package.json': npm('react', { main: 'main.js', devDependencies: { electron: '30' } }),
      'main.js': '',
    },
    languages: 'JavaScript 300',
    stack: 'javascript react electron',
    type: 'desktop',
  },
  {
    is: 'Tauri with Svelte',
    files: {
      'package.json': npm('@tauri-apps/api svelte'),
      'src-tauri/Cargo.toml': '[package]\nname = "shop"\n[dependencies]\ntauri = "2"\n',
      'src-tauri/tauri.conf.json': '{}',
      'src-tauri/src/main.rs': '',
    },
    languages: 'Svelte 300, Rust 100',
    stack: 'javascript rust svelte tauri',
    type: 'desktop',
  },
  {
    is: 'Qt in Python',
    files: { 'requirements.txt': 'PySide6\n', 'main.py': '' },
    languages: 'Python 300',
    stack: 'python qt',
    type: 'desktop',
  },
  {
    is: 'Gin with Redis',
    files: {
      'go.mod':
        'module example.org/shop\nrequire (\n\tgithub.com/gin-gonic/gin v1.9.1\n\tgithub.com/redis/go-redis/v9 v9.5.1\n)\n',
      'main.go': '',
      Dockerfile: 'FROM golang:1.22\nFROM alpine:3\n',
    },
    languages: 'Go 400',
    stack: 'go gin redis docker',
    type: 'api',
  },
  {
    is: 'a command in Go',
    files: {
      'go.mod': 'module example.org/x\nrequire github.com/spf13/cobra v1.8.0\n',
      'cmd/x/main.go': '',
    },
    languages: 'Go 200, Shell 20',
    stack: 'go cobra',
    type: 'cli',
  },
  {
    is: 'a server of the standard library of Go',
    files: { 'go.mod': 'module x\n', 'main.go': 'http.ListenAndServe(":80", nil)' },
    languages: 'Go 50',
    stack: 'go',
    type: 'api',
  },
  {
    is: 'a library in Go',
    files: { 'go.mod': 'module example.org/text\n', 'text.go': '', 'text_test.go': '' },
    languages: 'Go 200',
    stack: 'go',
    type: 'library',
  },
  {
    is: 'axum with PostgreSQL',
    files: {
      'Cargo.toml':
        '[package]\nname = "a"\n[dependencies]\naxum = "0.7"\ntokio = "1"\ntokio-postgres = "0.7"\n',
      'src/main.rs': '',
    },
    languages: 'Rust 300',
    stack: 'rust axum postgresql tokio',
    type: 'api',
  },
  {
    is: 'a command in Rust',
    files: {
      'Cargo.toml': '[package]\nname = "a"\n[dependencies]\nclap = "4"\n',
      'src/main.rs': '',
    },
    languages: 'Rust 300',
    stack: 'rust clap',
    type: 'cli',
  },
  {
    is: 'a library in Rust',
    files: { 'Cargo.toml': '[package]\nname = "a"\n', 'src/lib.rs': '' },
    languages: 'Rust 300',
    stack: 'rust',
    type: 'library',
  },
  {
    is: 'Spring with MySQL and Kafka',
    files: {
      'pom.xml': pom(
        'org.springframework.boot:spring-boot-starter-web',
        'com.mysql:mysql-connector-j',
        'org.springframework.kafka:spring-kafka',
      ),
    },
    languages: 'Java 900, XML 100',
    stack: 'java spring mysql kafka maven',
    type: 'api',
  },
  {
    is: 'Ktor',
    files: {
      'build.gradle.kts': 'dependencies {\n  implementation("io.ktor:ktor-server-core:2.3")\n}\n',
    },
    languages: 'Kotlin 200',
    stack: 'kotlin ktor gradle',
    type: 'api',
  },
  {
    is: 'Laravel',
    files: {
      'composer.json': { type: 'project', require: { 'laravel/framework': '^11' } },
      artisan: '',
      '.env.example': 'DB_CONNECTION=mysql\n',
      'resources/views/welcome.blade.php': '',
      'package.json': npm('x', { devDependencies: { vite: '5', tailwindcss: '3' } }),
    },
    languages: 'PHP 900, Blade 100, JavaScript 20',
    stack: 'php laravel tailwind mysql vite',
    type: 'web',
  },
  {
    is: 'WordPress',
    files: { 'wp-config-sample.php': '', 'wp-content/themes/x/style.css': '' },
    languages: 'PHP 9000, JavaScript 500',
    stack: 'php wordpress',
    type: 'web',
  },
  {
    is: 'Rails with Sidekiq',
    files: {
      Gemfile: 'gem "rails", "~> 7"\ngem "pg", "1"\ngem "sidekiq", "7"\n',
      'config.ru': '',
      'app/views/posts/index.html.erb': '',
    },
    languages: 'Ruby 900, ERB 200',
    stack: 'ruby rails postgresql sidekiq',
    type: 'web',
  },
  {
    is: 'Sinatra',
    files: { Gemfile: 'gem "sinatra"\n', 'app.rb': '' },
    languages: 'Ruby 50',
    stack: 'ruby sinatra',
    type: 'api',
  },
  {
    is: 'ASP.NET',
    files: {
      'Shop.sln': '',
      'src/Shop.csproj':
        '<Project Sdk="Microsoft.NET.Sdk.Web"><ItemGroup><PackageReference Include="Npgsql" Version="8"/></ItemGroup></Project>',
    },
    languages: 'C# 900',
    stack: 'csharp aspnet postgresql dotnet',
    type: 'api',
  },
  {
    is: 'Phoenix with LiveView',
    files: {
      'mix.exs':
        'defp deps do\n  [{:phoenix, "~> 1.7"},\n   {:phoenix_live_view, "~> 0.20"},\n   {:postgrex, ">= 0.0.0"}]\nend\n',
      'lib/shop_web/home.html.heex': '',
    },
    languages: 'Elixir 500',
    stack: 'elixir phoenix phoenix-liveview postgresql',
    type: 'web',
  },
  {
    is: 'notebooks',
    files: { 'analysis.ipynb': '', 'requirements.txt': 'pandas\nmatplotlib\n' },
    languages: 'Jupyter Notebook 400, Python 50, JSON 9000',
    stack: 'python pandas matplotlib jupyter',
    type: 'data',
  },
  {
    is: 'the training of a model',
    files: { 'environment.yml': 'dependencies: [python, pytorch, numpy]\n', 'train.py': '' },
    languages: 'Python 500',
    stack: 'python pytorch numpy',
    type: 'data',
  },
  {
    is: 'dbt',
    files: { 'dbt_project.yml': '', 'models/orders.sql': '' },
    languages: 'SQL 500, YAML 40',
    stack: 'sql dbt',
    type: 'data',
  },
  {
    is: 'Terraform',
    files: { 'main.tf': '', 'modules/net/main.tf': '' },
    languages: 'HCL 300, Shell 20',
    stack: 'terraform',
    type: 'infra',
  },
  {
    is: 'a Helm chart',
    files: { 'Chart.yaml': '', 'templates/deployment.yaml': '' },
    languages: 'YAML 300',
    stack: 'kubernetes helm',
    type: 'infra',
  },
  {
    is: 'containers of others, put together',
    files: { 'compose.yaml': 'services: {a: {image: "grafana/grafana:11"}}' },
    languages: 'YAML 30',
    stack: 'docker grafana',
    type: 'infra',
  },
  {
    is: 'a page without a server',
    files: { 'index.html': '', 'style.css': '' },
    languages: 'HTML 90, CSS 50',
    stack: 'html css',
    type: 'static',
  },
  {
    is: 'a site of Hugo',
    files: { 'hugo.toml': '', 'content/a.md': '' },
    languages: 'HTML 90, Markdown 500',
    stack: 'html hugo',
    type: 'static',
  },
  {
    is: 'a worker that takes from a queue',
    files: { 'requirements.txt': 'celery\nredis\n', 'worker.py': '' },
    languages: 'Python 200',
    stack: 'python redis celery',
    type: 'service',
  },
  {
    is: 'a bot in Python',
    files: { 'requirements.txt': 'python-telegram-bot\n', 'bot.py': '' },
    languages: 'Python 200',
    stack: 'python telegram',
    type: 'service',
  },
  {
    is: 'a script that reads its arguments',
    files: { 'main.py': 'import argparse\n' },
    languages: 'Python 60',
    stack: 'python',
    type: 'cli',
  },
  {
    is: 'a package of Python with a command of its name',
    files: {
      'pyproject.toml':
        '[build-system]\n[project]\nname = "greet"\nclassifiers = ["x"]\ndependencies = ["click"]\n[project.scripts]\ngreet = "greet:main"\n',
      'src/greet/__init__.py': '',
    },
    languages: 'Python 60',
    stack: 'python click',
    type: 'cli',
  },
  {
    is: 'a library of Python with its site',
    files: {
      'pyproject.toml':
        '[build-system]\n[project]\nname = "flask-greet"\nclassifiers = ["x"]\ndependencies = ["flask"]\n[dependency-groups]\ndocs = ["mkdocs"]\n',
      'mkdocs.yml': '',
      'src/flask_greet/__init__.py': '',
    },
    languages: 'Python 60',
    stack: 'python flask mkdocs',
    type: 'library',
  },
  {
    is: 'a compiler with a page and a site beside the matter',
    files: {
      'docs/Gemfile': 'gem "jekyll"\n',
      Gemfile: 'gem "jekyll"\n',
      'utils/profiler/page/view/package.json': npm('react'),
      'tools/plugin/a/b/AndroidManifest.xml': '',
      'utils/viewer/package.json': npm('preact'),
    },
    languages: 'Haskell 90000, JavaScript 500, Ruby 20',
    stack: 'haskell react preact android jekyll',
    type: 'other',
  },
  {
    is: 'a daemon with its unit',
    files: { 'daemon.c': '', 'init/daemon.service': '' },
    languages: 'C 900',
    stack: 'c',
    type: 'service',
  },
  {
    is: 'code of which nothing tells more',
    files: { 'thing.c': '', Makefile: '', 'tools/manual/requirements.txt': 'sphinx\n' },
    languages: 'C 60, make 9',
    stack: 'c',
    type: 'other',
  },
  { is: 'nothing', files: { 'README.md': '' }, languages: 'Markdown 9', stack: '', type: null },
];
