import { describe, expect, it } from 'vitest';
import { isBroken, type Manifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';

function read(path: string, content: string | object): Manifest {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const manifest = readManifest(path, Buffer.from(text));
  if (!manifest || isBroken(manifest)) throw new Error(`${path}: ${JSON.stringify(manifest)}`);
  return manifest;
}

const brief = ({ direct }: Manifest) =>
  direct.map(
    ({ name, range, scope, unpinned }) => `${name} ${range} ${scope}${unpinned ? ' unpinned' : ''}`,
  );
const pairs = ({ locked }: Manifest) => locked.map(({ name, version }) => `${name}@${version}`);

describe('Go', () => {
  it('go.mod gives what is not indirect', () => {
    const manifest = read(
      'go.mod',
      `module example.org/shop

go 1.22

require github.com/spf13/cobra v1.8.0
require (
	github.com/gin-gonic/gin v1.9.1
	golang.org/x/sys v0.17.0 // indirect
)
replace example.org/x => ../x
`,
    );
    expect(brief(manifest)).toEqual([
      'github.com/spf13/cobra v1.8.0 runtime',
      'github.com/gin-gonic/gin v1.9.1 runtime',
    ]);
    expect(manifest).toMatchObject({ name: 'example.org/shop', engines: { go: '1.22' } });
  });

  it('go.sum gives the one version that is built', () => {
    const sum = `example.org/a v1.0.0 h1:x=
example.org/a v1.2.0 h1:y=
example.org/a v1.2.0/go.mod h1:z=
example.org/b v0.1.0/go.mod h1:z=
`;
    expect(pairs(read('go.sum', sum))).toEqual(['example.org/a@v1.2.0']);
    expect(
      read('go.work', 'go 1.22\nuse (\n\t./a\n\t./b // second\n)\nuse ./c\n').workspaces,
    ).toEqual(['./a', './b', './c']);
  });
});

describe('Rust', () => {
  it('Cargo.toml gives the dependencies of all its tables', () => {
    const manifest = read(
      'Cargo.toml',
      `[package]
name = "shop"
version = "0.1.0"
[dependencies]
axum = "0.7"
serde = { version = "1", features = ["derive"] }
other = { package = "real", version = "*" }
shared = { workspace = true }
extra = { version = "2", optional = true }
[dev-dependencies]
tempfile = "3"
[target.'cfg(unix)'.dependencies]
nix = "0.28"
[[bin]]
name = "shopd"
`,
    );
    expect(brief(manifest)).toEqual([
      'axum 0.7 runtime',
      'serde 1 runtime',
      'real * runtime unpinned',
      'shared  runtime',
      'extra 2 optional',
      'tempfile 3 development',
      'nix 0.28 runtime',
    ]);
    expect(manifest).toMatchObject({ commands: ['shopd'], isLibrary: false });
  });

  it('Cargo.lock gives every version', () => {
    const lock = `[[package]]
name = "syn"
version = "1.0.109"

[[package]]
name = "syn"
version = "2.0.52"
dependencies = [
 "quote",
]
`;
    expect(pairs(read('Cargo.lock', lock))).toEqual(['syn@1.0.109', 'syn@2.0.52']);
  });
});

describe('Java', () => {
  it('pom.xml gives dependencies with the values of its properties', () => {
    const manifest = read(
      'pom.xml',
      `<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId><version>3.2.0</version></parent>
  <groupId>org.example</groupId><artifactId>shop</artifactId><version>1.0</version>
  <properties><jdbc.version>42.7</jdbc.version><java.version>21</java.version></properties>
  <modules><module>core</module><module>web</module></modules>
  <dependencyManagement><dependencies><dependency>
    <groupId>no</groupId><artifactId>no</artifactId></dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>org.postgresql</groupId><artifactId>postgresql</artifactId>
      <version>\${jdbc.version}</version></dependency>
    <dependency><groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-web</artifactId></dependency>
    <dependency><groupId>\${project.groupId}</groupId><artifactId>x</artifactId>
      <version>LATEST</version><optional>true</optional></dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId>
      <version>4.13</version><scope>test</scope></dependency>
  </dependencies>
</project>`,
    );
    expect(brief(manifest)).toEqual([
      'org.postgresql:postgresql 42.7 runtime',
      'org.springframework.boot:spring-boot-starter-web  runtime',
      'org.example:x LATEST optional unpinned',
      'junit:junit 4.13 development',
    ]);
    expect(manifest).toMatchObject({
      name: 'shop',
      version: '1.0',
      workspaces: ['core', 'web'],
      plugins: ['org.springframework.boot:spring-boot-starter-parent'],
      engines: { java: '21' },
    });
  });

  it('build.gradle gives the lines that say it plainly', () => {
    const manifest = read(
      'build.gradle.kts',
      `plugins {
    id("org.springframework.boot") version "3.2.0"
    kotlin("jvm") version "1.9.22"
    \`java-library\`
}
version = "1.1"
dependencies {
    implementation("org.springframework.boot:spring-boot-starter-web")
    implementation(libs.retrofit)
    runtimeOnly("org.postgresql:postgresql:42.7.1")
    // implementation("no:no:1")
    testImplementation("org.junit.jupiter:junit-jupiter:latest.release")
    implementation(kotlin("reflect"))
}
`,
    );
    expect(brief(manifest)).toEqual([
      'org.springframework.boot:spring-boot-starter-web  runtime',
      'org.postgresql:postgresql 42.7.1 runtime',
      'org.junit.jupiter:junit-jupiter latest.release development unpinned',
      'org.jetbrains.kotlin:kotlin-reflect  runtime',
    ]);
    expect(manifest.plugins).toEqual([
      'org.springframework.boot',
      'org.jetbrains.kotlin.jvm',
      'java-library',
    ]);
    expect(manifest.version).toBe('1.1');
    const groovy = `apply plugin: 'com.android.application'
dependencies {
    compile group: 'com.a', name: 'b', version: '1.+'
    implementation 'com.c:d:+'
}
`;
    expect(brief(read('app/build.gradle', groovy))).toEqual([
      'com.a:b 1.+ runtime',
      'com.c:d + runtime unpinned',
    ]);
  });

  it('a version catalog, settings and a lock of Gradle are read', () => {
    const catalog = `[versions]
retrofit = "2.9.0"
[libraries]
retrofit = { module = "com.squareup.retrofit2:retrofit", version.ref = "retrofit" }
core = { group = "androidx.core", name = "core-ktx", version = { strictly = "1.12.0" } }
plain = "com.a:b:1.0"
[plugins]
android = { id = "com.android.application", version = "8.2.0" }
`;
    const manifest = read('gradle/libs.versions.toml', catalog);
    expect(brief(manifest)).toEqual([
      'com.squareup.retrofit2:retrofit 2.9.0 runtime',
      'androidx.core:core-ktx 1.12.0 runtime',
      'com.a:b 1.0 runtime',
    ]);
    expect(manifest.plugins).toEqual(['com.android.application']);
    const settings = 'rootProject.name = "shop"\ninclude(":app", ":lib:core")\n';
    expect(read('settings.gradle.kts', settings)).toMatchObject({
      name: 'shop',
      workspaces: ['app', 'lib/core'],
    });
    expect(pairs(read('gradle.lockfile', '# x\ncom.a:b:1.0=runtimeClasspath\nempty=\n'))).toEqual([
      'com.a:b@1.0',
    ]);
  });
});

describe('PHP and Ruby', () => {
  it('composer.json gives packages, not what the machine has', () => {
    const manifest = read('composer.json', {
      name: 'acme/shop',
      type: 'project',
      require: { php: '^8.2', 'ext-json': '*', 'laravel/framework': '^11.0', 'a/b': '*' },
      'require-dev': { 'phpunit/phpunit': '^11' },
    });
    expect(brief(manifest)).toEqual([
      'laravel/framework ^11.0 runtime',
      'a/b * runtime unpinned',
      'phpunit/phpunit ^11 development',
    ]);
    expect(manifest).toMatchObject({ isLibrary: false, engines: { php: '^8.2' } });
    const lock = { packages: [{ name: 'a/b', version: 'v1.0' }], 'packages-dev': [null, 3] };
    expect(pairs(read('composer.lock', lock))).toEqual(['a/b@v1.0']);
  });

  it('a Gemfile gives gems within their groups', () => {
    const manifest = read(
      'Gemfile',
      `source "https://rubygems.org"
ruby "3.3.0"
gem "rails", "~> 7.1", ">= 7.1.2" # web
gem 'pg'
gem "own", git: "https://git.example/own.git"
gem "lint", require: false, group: :development
group :development, :test do
  if ENV["X"]
    gem "rspec-rails"
  end
  gem "faker", ">= 0"
end
gem "puma", "6.4"
`,
    );
    expect(brief(manifest)).toEqual([
      'rails ~> 7.1, >= 7.1.2 runtime',
      'pg  runtime unpinned',
      'own  runtime',
      'lint  development unpinned',
      'rspec-rails  development unpinned',
      'faker >= 0 development unpinned',
      'puma 6.4 runtime',
    ]);
    const lock = 'GEM\n  specs:\n    rails (7.1.2)\n      rack (>= 2)\n    rack (3.0.8)\n';
    expect(pairs(read('Gemfile.lock', lock))).toEqual(['rails@7.1.2', 'rack@3.0.8']);
  });

  it('a gemspec is a library', () => {
    const spec = `Gem::Specification.new do |spec|
  spec.name = "tool"
  spec.version = "1.0.0"
  spec.executables = ["tool"]
  spec.add_dependency "thor", "~> 1.3"
  spec.add_development_dependency "rspec"
end
`;
    const manifest = read('tool.gemspec', spec);
    expect(manifest).toMatchObject({ name: 'tool', commands: ['tool'], isLibrary: true });
    expect(brief(manifest)).toEqual(['thor ~> 1.3 runtime', 'rspec  development unpinned']);
  });
});

describe('.NET', () => {
  it('a project gives its packages and SDK', () => {
    const manifest = read(
      'src/Shop/Shop.csproj',
      `<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Npgsql" Version="8.0.1" />
    <PackageReference Include="Managed" />
    <PackageReference Include="Any"><Version>*</Version></PackageReference>
    <PackageReference Include="Analyzers" Version="1" PrivateAssets="all" />
  </ItemGroup>
</Project>`,
    );
    expect(brief(manifest)).toEqual([
      'Npgsql 8.0.1 runtime',
      'Managed  runtime',
      'Any * runtime unpinned',
      'Analyzers 1 development',
    ]);
    expect(manifest).toMatchObject({
      plugins: ['Microsoft.NET.Sdk.Web'],
      isLibrary: false,
      engines: { dotnet: 'net8.0' },
    });
  });

  it('the other files of NuGet are read', () => {
    const props =
      '<Project><ItemGroup><PackageVersion Include="A" Version="1"/></ItemGroup></Project>';
    expect(brief(read('Directory.Packages.props', props))).toEqual(['A 1 runtime']);
    const config =
      '<packages><package id="B" version="2" developmentDependency="true"/></packages>';
    expect(brief(read('packages.config', config))).toEqual(['B 2 development']);
    const lock = { dependencies: { 'net8.0': { A: { type: 'Direct', resolved: '1.0.0' } } } };
    expect(pairs(read('packages.lock.json', lock))).toEqual(['A@1.0.0']);
  });
});

describe('Elixir, Dart and Swift', () => {
  it('mix.exs gives the tuples of its lists of dependencies', () => {
    const manifest = read(
      'mix.exs',
      `defmodule Shop.MixProject do
  def project do
    [app: :shop, version: "0.1.0", elixir: "~> 1.16", deps: deps()]
  end
  defp deps do
    [
      {:phoenix, "~> 1.7"},
      {:own, git: "https://git.example/own.git"},
      # {:no, "1.0"},
      {:credo, "~> 1.7", only: [:dev, :test], runtime: false}
    ]
  end
  defp aliases do
    [{:not_this, "1"}]
  end
end
`,
    );
    expect(brief(manifest)).toEqual([
      'phoenix ~> 1.7 runtime',
      'own  runtime',
      'credo ~> 1.7 development',
    ]);
    expect(manifest).toMatchObject({ name: 'shop', version: '0.1.0' });
    const lock = '%{\n  "jason": {:hex, :jason, "1.4.1", "x", [:mix], [], "hexpm", "y"},\n}\n';
    expect(pairs(read('mix.lock', lock))).toEqual(['jason@1.4.1']);
  });

  it('pubspec.yaml gives packages, those of the SDK without a version', () => {
    const manifest = read(
      'pubspec.yaml',
      `name: shop
publish_to: none
version: 1.0.0+1
environment:
  sdk: ^3.3.0
dependencies:
  flutter:
    sdk: flutter
  http: ^1.2.0
  provider: any
  nothing:
dev_dependencies:
  lints: 3
`,
    );
    expect(brief(manifest)).toEqual([
      'flutter  runtime',
      'http ^1.2.0 runtime',
      'provider any runtime unpinned',
      'nothing  runtime unpinned',
      'lints 3 development',
    ]);
    expect(manifest).toMatchObject({ isLibrary: false, engines: { sdk: '^3.3.0' } });
    const lock = 'packages:\n  http:\n    dependency: "direct main"\n    version: "1.2.1"\n';
    expect(pairs(read('pubspec.lock', lock))).toEqual(['http@1.2.1']);
  });

  it('Package.swift gives the calls that say it plainly', () => {
    const manifest = read(
      'Package.swift',
      `// swift-tools-version:5.9
import PackageDescription
let package = Package(
    name: "Shop",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [.library(name: "Shop", targets: ["Shop"])],
    dependencies: [
        .package(url: "https://github.com/vapor/vapor.git", from: "4.89.0"),
        .package(
            url: "https://github.com/apple/swift-nio",
            .upToNextMajor(from: "2.0.0")
        ),
        .package(path: "../Own"),
        // .package(url: "https://no.example/no", from: "1.0.0"),
    ]
)
`,
    );
    expect(brief(manifest)).toEqual(['vapor 4.89.0 runtime', 'swift-nio 2.0.0 runtime']);
    expect(manifest).toMatchObject({ name: 'Shop', isLibrary: true, plugins: ['macos', 'ios'] });
    const lock = { pins: [{ identity: 'vapor', state: { version: '4.90.0' } }], version: 2 };
    expect(pairs(read('Package.resolved', lock))).toEqual(['vapor@4.90.0']);
  });
});

describe('containers', () => {
  it('a Dockerfile gives the images that it begins with, not its own stages', () => {
    const manifest = read(
      'deploy/Dockerfile.prod',
      `ARG VERSION=20
FROM --platform=$BUILDPLATFORM node:\${VERSION}-alpine AS build
RUN echo \\
  FROM no:no
FROM build AS test
FROM registry.example:5000/team/base@sha256:abc
COPY --from=build /app /app
COPY --from=busybox:latest /bin/sh /bin/sh
FROM scratch
FROM nginx
`,
    );
    expect(brief(manifest)).toEqual([
      'node 20-alpine runtime',
      'registry.example:5000/team/base @sha256:abc runtime',
      'busybox latest runtime unpinned',
      'nginx  runtime unpinned',
    ]);
  });

  it('a compose file gives the images of its services, also through anchors', () => {
    const manifest = read(
      'docker-compose.yml',
      `x-db: &db
  image: bitnami/postgresql:\${PG:-16}
services:
  app: { build: ., image: "acme/app" }
  db:
    <<: *db
  cache:
    image: redis
`,
    );
    expect(brief(manifest)).toEqual(['bitnami/postgresql 16 runtime', 'redis  runtime unpinned']);
  });
});
