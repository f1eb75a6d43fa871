export function isPackage(root: string): boolean;
export function packagesOf(root: string): string;
