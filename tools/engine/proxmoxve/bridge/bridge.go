// Package bridge describes bpg's Terraform provider for Proxmox VE to Pulumi's Terraform bridge, under the very
// names of the npm package @muhlba91/pulumi-proxmoxve, so that a program written for the released plugin runs
// over this build of it.
package bridge

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/bpg/terraform-provider-proxmox/fwprovider"
	sdkprovider "github.com/bpg/terraform-provider-proxmox/proxmoxtf/provider"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkshim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// upstream is the version of bpg's provider in go.mod, for its user agent only.
const upstream = "0.112.0"

// tokens.json lists the type tokens of the installed npm package; the build writes it:
// {"version":"8.6.0","resources":["proxmoxve:index/vmLegacy:VmLegacy",…],"functions":["proxmoxve:index/getVmLegacy:getVmLegacy",…]}.
//
//go:embed tokens.json
var tokensJSON []byte

type names struct {
	Version   string   `json:"version"`
	Resources []string `json:"resources"`
	Functions []string `json:"functions"`
}

// Provider returns the bridged provider; metadata is what the generator wrote, or empty when it is the generator that asks.
func Provider(metadata []byte) tfbridge.ProviderInfo {
	var npm names
	if err := json.Unmarshal(tokensJSON, &npm); err != nil {
		panic("tokens.json: " + err.Error())
	}
	p := pftfbridge.MuxShimWithPF(context.Background(),
		sdkshim.NewProvider(sdkprovider.ProxmoxVirtualEnvironment()), fwprovider.New(upstream)())
	info := tfbridge.ProviderInfo{
		P:                p,
		Name:             "proxmoxve",
		ResourcePrefix:   "proxmox",
		Version:          npm.Version,
		Publisher:        "maquette",
		License:          "MPL-2.0",
		GitHubOrg:        "bpg",
		Repository:       "https://github.com/bpg/terraform-provider-proxmox",
		UpstreamRepoPath: ".",
		MetadataInfo:     tfbridge.NewProviderMetadata(metadata),
	}
	resources, functions := byKey(npm.Resources, ""), byKey(npm.Functions, "get")
	// Names that the npm package does not have are left out, as they were when it was generated.
	info.IgnoreMappings = append(unnamed(p.ResourcesMap(), resources), unnamed(p.DataSourcesMap(), functions)...)
	info.MustComputeTokens(tfbridge.Strategy{
		Resource: func(name string, r *tfbridge.ResourceInfo) error {
			r.Tok = tokens.Type(resources[key(name)])
			id, hasID := p.ResourcesMap().Get(name).Schema().GetOk("id")
			if hasID && (id.Required() || id.Optional() || id.Type() != shim.TypeString) {
				// Pulumi keeps "id" for itself: the npm package calls the provider's own id resourceId, a string.
				r.Fields = map[string]*tfbridge.SchemaInfo{"id": {Name: "resourceId", Type: "string"}}
				r.ComputeID = tfbridge.DelegateIDField("resourceId", info.Name, info.Repository)
			}
			return nil
		},
		DataSource: func(name string, d *tfbridge.DataSourceInfo) error {
			d.Tok = tokens.ModuleMember(functions[key(name)])
			return nil
		},
	})
	return info
}

// unnamed lists the Terraform names that have no token.
func unnamed(all shim.ResourceMap, named map[string]string) []string {
	var out []string
	all.Range(func(name string, _ shim.Resource) bool {
		if _, ok := named[key(name)]; !ok {
			out = append(out, name)
		}
		return true
	})
	return out
}

// key of a Terraform name: "proxmox_virtual_environment_vm" (the older family) is "vmlegacy", "proxmox_vm" is "vm".
func key(name string) string {
	name = strings.TrimPrefix(name, "proxmox_")
	if rest, older := strings.CutPrefix(name, "virtual_environment_"); older {
		name = rest + "legacy"
	}
	return strings.ReplaceAll(name, "_", "")
}

// byKey turns "proxmoxve:network/linux/vlan:Vlan" into the key "networklinuxvlan"; verb is "get" for functions.
func byKey(list []string, verb string) map[string]string {
	out := map[string]string{}
	for _, token := range list {
		path := strings.Split(strings.Split(token, ":")[1], "/")
		last := len(path) - 1
		path[last] = strings.TrimPrefix(path[last], verb)
		if path[0] == "index" {
			path = path[1:]
		}
		out[strings.ToLower(strings.Join(path, ""))] = token
	}
	return out
}
