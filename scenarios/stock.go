// Package scenarios holds the stock scenarios: data that tells the founding case
// and its neighbourhood, one folder a chapter, one file a scenario.
package scenarios

import "embed"

// FS has the stock scenarios and the policies they install.
//
//go:embed _*.yaml */*.yaml policy/*.cpl
var FS embed.FS
