/**
 * The provider's resources that this program uses, each named once: `VmLegacy` is the supported VM ("Vm" and
 * "cloned.Vm" are experimental); SDN is left out because the provider crashes on it.
 */
export {
  Provider,
  PoolLegacy as Pool,
  VmLegacy as Vm,
  Haresource as HaResource,
  Harule as HaRule,
} from "@muhlba91/pulumi-proxmoxve";
export { File as ImageFile } from "@muhlba91/pulumi-proxmoxve/download/index.js";
export { Bridge } from "@muhlba91/pulumi-proxmoxve/network/linux/index.js";
