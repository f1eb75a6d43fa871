// Command pulumi-tfgen-proxmoxve writes the schema and the metadata that the plugin embeds.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"

	"maquette.local/tools/engine/proxmoxve/bridge"
)

func main() { tfgen.MainWithMuxer("proxmoxve", bridge.Provider(nil)) }
