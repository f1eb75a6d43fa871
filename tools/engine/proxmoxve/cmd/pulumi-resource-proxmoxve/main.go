// Command pulumi-resource-proxmoxve is the provider plugin. schema.json and bridge-metadata.json stand beside this
// file once the generator has run; the build copies the module out of the repository first.
package main

import (
	"context"
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"maquette.local/tools/engine/proxmoxve/bridge"
)

//go:embed schema.json
var schema []byte

//go:embed bridge-metadata.json
var metadata []byte

func main() {
	tfbridge.MainWithMuxer(context.Background(), "proxmoxve", bridge.Provider(metadata), schema)
}
