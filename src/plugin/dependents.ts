/** Packages of the app that depend on Pannier, since these may contain packed models. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Names = Readonly<Record<string, string>>;

interface PackageJson {
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly peerDependencies?: Names;
}

/** Names of direct dependencies that depend on `pannier`. @param root the app's folder, with its `package.json` */
export function dependentsOf(root: string): string[] {
  const { dependencies, devDependencies } = readPackage(root) ?? {};
  return Object.keys({ ...dependencies, ...devDependencies }).filter((name) => {
    const found = installed(name, root);
    return 'pannier' in { ...found?.dependencies, ...found?.peerDependencies };
  });
}

/** Looks in every `node_modules` on the way up, as Node does. */
function installed(name: string, folder: string): PackageJson | undefined {
  const up = dirname(folder);
  return readPackage(join(folder, 'node_modules', name)) ?? (up === folder ? undefined : installed(name, up));
}

function readPackage(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
