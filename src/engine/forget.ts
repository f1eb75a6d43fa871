import type { Deployment } from "./restore.ts";

/**
 * A stack's state without some of its resources, and with nothing in it that waits for them. What they stand for is not
 * touched: the engine only knows nothing of it any more. Pure.
 */
export function forget(deployment: Deployment, urns: ReadonlySet<string>): Deployment {
  const isKept = (urn: string): boolean => !urns.has(urn);
  const resources = (deployment.resources ?? [])
    .filter((r) => isKept(r.urn))
    .map((r) => {
      const { deletedWith, ...rest } = r;
      return {
        ...rest,
        ...(deletedWith === undefined || urns.has(deletedWith) ? {} : { deletedWith }),
        ...(r.dependencies ? { dependencies: r.dependencies.filter(isKept) } : {}),
        ...(r.propertyDependencies
          ? {
              propertyDependencies: Object.fromEntries(
                Object.entries(r.propertyDependencies).map(([name, on]) => [name, on && on.filter(isKept)]),
              ),
            }
          : {}),
      };
    });
  return { ...deployment, resources };
}
