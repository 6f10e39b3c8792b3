import { describe, expect, it } from 'vitest';
import { recipeOf } from './temporary-project.ts';

const project = (sdk: string, more = '') =>
  `<Project Sdk="${sdk}"><PropertyGroup><TargetFramework>net8.0</TargetFramework>${more}</PropertyGroup></Project>`;
const web = project('Microsoft.NET.Sdk.Web');

describe('an app in .NET', () => {
  it('for the web is published, and told where to listen', async () => {
    expect(await recipeOf({ 'Shop.csproj': web })).toMatchObject({
      stack: 'dotnet',
      foundBy: 'Shop.csproj',
      version: '8.0',
      install: [['dotnet', 'restore', 'Shop.csproj']],
      build: [
        [
          ...['dotnet', 'publish', 'Shop.csproj', '--configuration', 'Release', '--no-restore'],
          ...['--output', '.borgos/app', '-p:UseAppHost=false'],
        ],
      ],
      start: [...['env', 'ASPNETCORE_URLS=http://{HOST}:{PORT}', 'dotnet', '.borgos/app/Shop.dll']],
      port: 8080,
      container: { run: { image: 'aspnet', copy: ['.borgos/app/'] } },
    });
  });

  it('that is another program runs on the smaller image', async () => {
    const program = project('Microsoft.NET.Sdk', '<OutputType>Exe</OutputType>');
    expect(await recipeOf({ 'Tool.fsproj': program })).toMatchObject({
      start: ['dotnet', '.borgos/app/Tool.dll'],
      container: { run: { image: 'dotnet-runtime' } },
    });
  });

  it('is called as its project file says', async () => {
    const named = project('Microsoft.NET.Sdk.Web', '<AssemblyName>Front</AssemblyName>');
    expect((await recipeOf({ 'Shop.csproj': named })).start?.at(-1)).toBe('.borgos/app/Front.dll');
    const computed = project('Microsoft.NET.Sdk.Web', '<AssemblyName>$(X)</AssemblyName>');
    expect((await recipeOf({ 'Shop.csproj': computed })).start?.at(-1)).toBe(
      '.borgos/app/Shop.dll',
    );
  });

  it('of a solution is the web project, not the library or the tests', async () => {
    const recipe = await recipeOf({
      'Shop.sln': '',
      'src/Core/Core.csproj': project('Microsoft.NET.Sdk'),
      'src/Site/Site.csproj': web,
      'tests/Site.Tests/Site.Tests.csproj': project(
        'Microsoft.NET.Sdk.Web',
        '<IsTestProject>true</IsTestProject>',
      ),
    });
    expect(recipe.foundBy).toBe('src/Site/Site.csproj');
    expect(recipe.environment).toMatchObject({ ASPNETCORE_CONTENTROOT: '.' });
  });

  it('has the version of its SDK when its project file says none', async () => {
    const files = {
      'a.csproj': '<Project Sdk="Microsoft.NET.Sdk.Web" />',
      'global.json': { sdk: { version: '9.0.100' } },
    };
    expect((await recipeOf(files)).version).toBe('9.0');
  });

  it('that is a library says so', async () => {
    await expect(recipeOf({ 'a.csproj': project('Microsoft.NET.Sdk') })).rejects.toThrow(
      /a.csproj tells that the project is in .NET, but/,
    );
  });
});
