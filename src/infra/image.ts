import * as pulumi from "@pulumi/pulumi";
import type { Image } from "../plan/types.ts";
import { ImageFile } from "./proxmox.ts";
import { noImage, templateOn } from "./supplied.ts";
import type { World } from "./world.ts";

/** What Proxmox is told that a guest runs: of Windows it goes by that for its clock and its devices. */
export const OS_TYPES = { debian: "l26", pfsense: "other", windows: "win10" } as const satisfies Record<
  Image["os"],
  string
>;

/** Where a template's or guest's first disk comes from, on one node. */
export type ImageSource =
  | { readonly kind: "volume"; readonly volume: pulumi.Input<string>; readonly after: readonly pulumi.Resource[] }
  | { readonly kind: "template"; readonly vmId: number };

/**
 * Downloads the plan's images to the nodes that need them, through the API (no SSH to a node). What may not be
 * downloaded (pfSense, Windows) the stack's settings name: a volume, or a template of the user's.
 */
export class Images extends pulumi.ComponentResource {
  readonly #files = new Map<string, ImageFile>();
  readonly #world: World;

  constructor(world: World, opts: pulumi.ComponentResourceOptions) {
    super("maquette:lab:Images", "images", {}, opts);
    this.#world = world;
  }

  /** The image on a node; made at the first call, once for all nodes where the storage is shared. */
  on(image: Image, node: string): ImageSource {
    const { settings } = this.#world;
    const own = settings.images[image.id];
    if (own?.template !== undefined) return { kind: "template", vmId: templateOn(image, own.template, node) };
    if (own?.volume !== undefined) return { kind: "volume", volume: own.volume, after: [] };
    const url = own?.url ?? image.url;
    if (url === null) throw noImage(image);
    const place = settings.storage.isShared ? "shared" : node;
    const name = `${image.id}-${place}`;
    let file = this.#files.get(name);
    if (!file) {
      file = new ImageFile(
        name,
        {
          nodeName: node,
          datastoreId: settings.storage.images,
          contentType: "import",
          url,
          // Copies of a class share the file only when they share a stack; each keeps its own, or deleting one would break the rest.
          fileName: `${this.#world.naming.pool}-${image.fileName}`,
          ...checksumOf(own, image),
          // "latest" grows: a newer image is taken by a new lab, it does not rebuild this one.
          overwrite: false,
        },
        // Another address or checksum is another file under the same name: it finds its place free.
        { parent: this, deleteBeforeReplace: true },
      );
      this.#files.set(name, file);
    }
    return { kind: "volume", volume: file.id, after: [file] };
  }
}

/** The setting's, or the plan's for the plan's own address: another address has another file. */
function checksumOf(
  own: { readonly url?: string | undefined; readonly sha512?: string | undefined } | undefined,
  image: Image,
): object {
  const sha512 = own?.sha512 ?? (own?.url === undefined ? image.sha512 : null);
  return sha512 === null ? {} : { checksum: sha512.toLowerCase(), checksumAlgorithm: "sha512" };
}
